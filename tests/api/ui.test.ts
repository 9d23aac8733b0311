import { describe, expect, test } from 'vitest'
import { etagOf, type UiFiles } from '../../server/api/ui-files.ts'
import { expectProblem, makeApi } from './make-api.ts'

const file = (text: string) => ({
  type: 'text/javascript; charset=utf-8',
  plain: Buffer.from(text),
  br: Buffer.from(`br of ${text}`),
  gzip: Buffer.from(`gzip of ${text}`),
  etag: etagOf(text),
})
const ui: UiFiles = {
  index: '<base href="{{base}}"><script type="application/json" id="config">"{{config}}"</script>',
  files: new Map([['assets/main-1.js', file('script')]]),
}
const open = { authorization: '' }
const browser = { ...open, accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('the web UI', () => {
  test.each(['/', '/groups', '/groups/a%20b/tasks/c?x=1', '/login', '/nowhere'])(
    'begins with one page at %s',
    async (url) => {
      const api = await makeApi({ ui, version: '1.2.3</script>' })
      const answer = await api.call('GET', url, { headers: browser })
      expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-cache',
      ])
      expect(answer.body).toBe(
        '<base href="/"><script type="application/json" id="config">{"version":"1.2.3\\u003c/script>","auth":"on"}</script>',
      )
      expect(answer.headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default",
      )
    },
  )

  test('is not sent again to who has it', async () => {
    const api = await makeApi({ ui })
    const { headers } = await api.call('GET', '/groups', { headers: browser })
    const again = await api.call('GET', '/', { headers: { ...browser, 'if-none-match': String(headers.etag) } })
    expect([again.statusCode, again.body]).toEqual([304, ''])
  })

  test.each([
    ['/api/v1/nothing', browser],
    ['/docs/nothing', browser],
    ['/assets/gone-2.js', browser],
    ['/nowhere', open],
  ])('leaves %s a problem', async (url, headers) => {
    const api = await makeApi({ ui })
    expectProblem(await api.call('GET', url, { headers }), 404, 'route_not_found')
  })

  test('does not stand where a program posts', async () => {
    const api = await makeApi({ ui })
    expectProblem(await api.call('POST', '/groups', { headers: browser, body: {} }), 404, 'route_not_found')
    expectProblem(await api.call('GET', '/login', { headers: open }), 405, 'method_not_allowed')
  })

  test.each([
    ['br, gzip', 'br', 'br of script'],
    ['gzip', 'gzip', 'gzip of script'],
    ['', undefined, 'script'],
  ])('sends its files for ever, to who takes "%s" as %s', async (accepted, encoding, body) => {
    const api = await makeApi({ ui })
    const answer = await api.call('GET', '/assets/main-1.js', { headers: { ...open, 'accept-encoding': accepted } })
    expect([answer.statusCode, answer.headers['content-encoding'], answer.body]).toEqual([200, encoding, body])
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      vary: 'accept-encoding',
      etag: etagOf('script'),
    })
  })

  test.each(['', '/tools/crew'])('works below a path, when a proxy passes on "%s"', async (prefix) => {
    const api = await makeApi({ ui, basePath: '/tools/crew/' })
    const page = await api.call('GET', `${prefix}/groups`, { headers: browser })
    expect(page.body).toContain('<base href="/tools/crew/">')
    expect((await api.call('GET', `${prefix}/assets/main-1.js`, { headers: open })).statusCode).toBe(200)
    expect((await api.call('GET', `${prefix}/api/v1/task_groups?page=1`)).statusCode).toBe(200)
    expect((await api.call('GET', `${prefix}/healthz`, { headers: open })).body).toBe('Healthy!')
  })

  test('says how to build it where it was not built', async () => {
    const api = await makeApi({ version: '1.2.3<script>' })
    const answer = await api.call('GET', '/', { headers: browser })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('1.2.3&#60;script&#62;')
    expect(answer.body).toContain('npm run build:ui')
    expect(answer.body).not.toMatch(/<script/)
    expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'.*style-src 'sha256-/)
  })
})
