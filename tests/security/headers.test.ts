import { expect, test } from 'vitest'
import { makeApi } from '../api/make-api.ts'
import { isFollowed, readOperations } from '../api/operations.ts'

const always = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
const page = {
  ...always,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
}
const asset = { ...always, 'cache-control': 'public, max-age=3600' }
const styled = expect.stringMatching(/^default-src 'none'; img-src data:;.*; style-src 'sha256-[\w+/]{43}='$/)

/** Headers that say what a browser may do with an answer, of all that it has. */
const policies = (headers: object): object =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) =>
      /^(cache-control|content-security|cross-origin|permissions-policy|referrer-policy|x-|strict-|access-control)/.test(
        name,
      ),
    ),
  )

test.each<[string, string, object]>([
  ['GET', '/', { ...page, 'content-security-policy': styled }],
  ['GET', '/docs', { ...page, 'content-security-policy': expect.stringContaining("script-src 'self'; style-src") }],
  ['GET', '/docs/errors', { ...page, 'content-security-policy': styled }],
  ['GET', '/docs/start.js', asset],
  ['GET', '/docs/swagger-ui.css', asset],
  ['GET', '/openapi.json', always],
  ['GET', '/healthz', always],
  ['GET', '/readyz', always],
  ['GET', '/metrics', always],
  ['OPTIONS', '/api/v1/task_groups', always],
  ['PATCH', '/api/v1/task_groups', always],
  ['GET', '/nowhere', always],
  ['GET', '/%ff', always],
  ['POST', '/login', always],
])('%s %s says what a browser may do with it, and nothing more', async (method, url, expected) => {
  const api = await makeApi()
  const headers = { authorization: '', accept: 'text/html' }
  const given = url === '/metrics' ? {} : { headers: url === '/' ? headers : { authorization: '' } }
  expect(policies((await api.call(method, url, given)).headers)).toEqual(expected)
})

test('every answer of the API does, refused or not, and none of it is kept anywhere', async () => {
  const api = await makeApi()
  const operations = (await readOperations(api)).filter((one) => !isFollowed(one) && one.id !== 'testWorker')
  for (const { id, method, url } of operations) {
    for (const headers of [{}, { authorization: '' }]) {
      const answer = await api.call(method, url, { headers })
      expect([id, policies(answer.headers)]).toEqual([id, always])
    }
  }
})
