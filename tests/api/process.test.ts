import { describe, expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { expectProblem, makeApi, withFailing } from './make-api.ts'

const open = { headers: { authorization: '' } }

describe('the process', () => {
  test('says that it is healthy and alive without login', async () => {
    const api = await makeApi()
    for (const [url, text] of [['/healthz', 'Healthy!'] as const, ['/livez', 'Alive!'] as const]) {
      const answer = await api.call('GET', url, open)
      expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
        200,
        text,
        'text/plain; charset=utf-8',
      ])
    }
  })

  test('says whether it is ready, and why not', async () => {
    const ready = await (await makeApi()).call('GET', '/readyz', open)
    expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, detail: { storage: 'memory' } }])
    const api = await makeApi({ readiness: async () => ({ ready: false, detail: 'The disk is full.' }) })
    const answer = await api.call('GET', '/readyz', open)
    expect([answer.statusCode, answer.json()]).toEqual([503, { ready: false, detail: 'The disk is full.' }])
  })

  test('gives its figures to who is logged in', async () => {
    const api = await makeApi()
    const answer = await api.call('GET', '/metrics')
    expect([answer.statusCode, answer.body]).toEqual([200, 'crew_up 1\n'])
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expectProblem(await api.call('GET', '/metrics', open), 401, 'unauthorized')
  })

  test('answers an error that nobody expected with a problem that gives nothing away, and logs it', async () => {
    const api = await makeApi({ wrap: withFailing('getTasks', new Error('secret of the storage')) })
    const answer = await api.call('GET', '/api/v1/task/t')
    const problem = expectProblem(answer, 500, 'internal')
    expect(answer.body).not.toContain('secret')
    expect(api.log).toMatchObject([
      { fields: { requestId: problem.instance, err: { message: 'secret of the storage' } } },
    ])
    expect((await api.call('GET', '/healthz')).statusCode).toBe(200)
  })

  test('answers 503 with Retry-After when the storage does not', async () => {
    const api = await makeApi({ wrap: withFailing('getTasks', new CrewError('storage_full', 'The disk is full.')) })
    const answer = await api.call('GET', '/api/v1/task/t')
    expectProblem(answer, 503, 'storage_full')
    expect(answer.headers['retry-after']).toBe('1')
  })
})

describe('the pages', () => {
  test('let one try the API with nothing from elsewhere', async () => {
    const api = await makeApi()
    const page = await api.call('GET', '/docs', open)
    expect(page.statusCode).toBe(200)
    const linked = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '')
    expect(linked).toHaveLength(3)
    for (const url of linked) {
      const asset = await api.call('GET', `/${url}`, open)
      expect([url, asset.statusCode, asset.headers['cache-control']]).toEqual([url, 200, 'public, max-age=3600'])
      expect(asset.headers['content-type']).toBe(
        url.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
      )
    }
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
  })

  test('explain every error, at the address that problems name', async () => {
    const api = await makeApi()
    const problem = expectProblem(await api.call('GET', '/nowhere'), 404, 'route_not_found')
    const [path, anchor] = problem.type.split('#')
    const page = await api.call('GET', path, open)
    expect(page.body).toContain(`<h2 id="${anchor}">`)
  })
})

describe('every answer', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/docs'],
    ['GET', '/docs/errors'],
    ['GET', '/openapi.json'],
    ['GET', '/healthz'],
    ['GET', '/api/v1/task_groups'],
    ['GET', '/api/v1/task_group/none'],
    ['GET', '/nowhere'],
    ['GET', '/%ff'],
    ['PATCH', '/api/v1/task_groups'],
  ])('carries the security headers: %s %s', async (method, url) => {
    const api = await makeApi()
    const { headers } = await api.call(method, url)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/)
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('the demo workers', () => {
  test('are reached without login, with method, address, headers and body', async () => {
    const api = await makeApi({
      demo: async (request) =>
        Response.json(
          {
            method: request.method,
            path: new URL(request.url).pathname,
            type: request.headers.get('content-type'),
            text: await request.text(),
          },
          { status: 429, headers: { 'retry-after': '3' } },
        ),
    })
    const answer = await api.call('POST', '/demo/flaky', { raw: '{"any":"body"}', headers: { authorization: '' } })
    expect(answer.statusCode).toBe(429)
    expect(answer.headers['retry-after']).toBe('3')
    expect(answer.json()).toEqual({
      method: 'POST',
      path: '/demo/flaky',
      type: 'application/json',
      text: '{"any":"body"}',
    })
    expect((await api.call('GET', '/demo/', open)).json()).toMatchObject({ method: 'GET', path: '/demo/' })
  })

  test('are not there when they are off', async () => {
    const api = await makeApi()
    expectProblem(await api.call('POST', '/demo/flaky', { body: {} }), 404, 'route_not_found')
  })
})
