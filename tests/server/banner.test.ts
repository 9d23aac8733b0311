import { expect, test } from 'vitest'
import { type BannerOptions, bannerOf } from '../../server/cli/banner.ts'
import type { Settings } from '../../server/settings/settings-table.ts'
import { VERSION } from '../../server/version.ts'
import { read } from '../settings/make-input.ts'

interface World extends Partial<Omit<BannerOptions, 'server' | 'settings'>> {
  readonly settings?: Partial<Settings>
  readonly url?: string
  readonly generatedPassword?: string
}

function banner({ settings, hasDemo = true, url = 'http://127.0.0.1:8090', generatedPassword }: World): string {
  const durability = { engine: 'sqlite', survives: 'none', detail: 'in memory' } as const
  const server = { url, durability, generatedPassword: generatedPassword ?? null }
  return bannerOf({ server, settings: { ...read(), ...settings }, hasDemo })
}

test('the first start of the demo tells everything, with a command to paste', () => {
  expect(banner({ generatedPassword: 'pass-word' })).toBe(`
  Crew ${VERSION} listens at http://127.0.0.1:8090

  Web UI    http://127.0.0.1:8090/
  API docs  http://127.0.0.1:8090/docs
  Storage   in memory
  Workers   http://127.0.0.1:8090/demo/ (the demo workers)
  Log in    admin / pass-word   (made for this store, shown only now: keep it)
  Example   npm run demo -- --password pass-word

`)
})

test('later starts say where the password is', () => {
  expect(banner({})).toContain('admin, with the password of the first start (lost? set CREW_AUTH_PASSWORD)')
  expect(banner({})).toContain('npm run demo -- --password PASSWORD\n')
})

test('a password that was set is not repeated', () => {
  const text = banner({ settings: { authPassword: 'hunter2' } })
  expect(text).toContain('admin, with CREW_AUTH_PASSWORD\n')
  expect(text).not.toContain('hunter2')
})

test('the command carries what differs from the defaults, quoted for a shell', () => {
  const settings = { authUsername: "Zoë's" }
  expect(banner({ settings, url: 'http://127.0.0.1:9000', generatedPassword: 'p' })).toContain(
    `npm run demo -- --url http://127.0.0.1:9000 --username 'Zoë'\\''s' --password p\n`,
  )
})

test('where other machines come in, the command to paste holds no password', () => {
  const text = banner({ settings: { host: '0.0.0.0' }, generatedPassword: 'pass-word' })
  expect(text).toContain('Log in    admin / pass-word')
  expect(text).toContain('--password PASSWORD\n')
})

test('with auth off there is nothing to log in with', () => {
  const text = banner({ settings: { auth: 'off' } })
  expect(text).toContain('not needed (CREW_AUTH is off)')
  expect(text).toContain('Example   npm run demo\n')
})

test('without the demo it says where workers are, or that they have no address', () => {
  const text = banner({ hasDemo: false })
  expect(text).toContain('Workers   no address yet: set CREW_WORKER_BASE_URL\n')
  expect(text).not.toContain('Example')
  expect(banner({ hasDemo: false, settings: { workerBaseUrl: 'https://w.example/' } })).toContain(
    'https://w.example/\n',
  )
})
