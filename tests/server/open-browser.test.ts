import { expect, test } from 'vitest'
import { openBrowser, openerOf } from '../../server/cli/open-browser.ts'

const screen = { DISPLAY: ':0' }

test('the browser is opened by what the system has', () => {
  const opener = (platform: NodeJS.Platform) => openerOf({ platform, env: screen, isTty: true })
  expect([opener('linux'), opener('freebsd'), opener('darwin'), opener('win32')]).toEqual([
    ['xdg-open'],
    ['xdg-open'],
    ['open'],
    ['cmd', '/c', 'start', '""'],
  ])
})

test('none is opened where nobody would see it', () => {
  const opens = (env: Record<string, string>, isTty = true) => openerOf({ platform: 'linux', env, isTty }) !== null
  expect(opens({ WAYLAND_DISPLAY: 'wayland-0' })).toBe(true)
  expect(opens({ ...screen, CI: 'false' })).toBe(true)
  expect([opens({}), opens({ DISPLAY: '' }), opens(screen, false), opens({ ...screen, CI: 'true' })]).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect(openerOf({ platform: 'darwin', env: { CI: '1' }, isTty: true })).toBe(null)
})

test('a program that is missing or fails is one sentence', async () => {
  const url = 'http://127.0.0.1:8090/'
  expect(await openBrowser(['crew-no-such-opener'], url)).toBe(
    'The browser could not be opened (there is no crew-no-such-opener): open http://127.0.0.1:8090/ yourself.',
  )
  expect(await openBrowser(['sh', '-c', 'exit 3'], url)).toContain('(sh ended with 3)')
  expect(await openBrowser(['sh', '-c', 'exit 0'], url)).toBe(null)
})
