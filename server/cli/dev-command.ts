import pino from 'pino'
import { isLoopback } from '../settings/check-together.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import type { CrewServer } from '../start-server.ts'
import { VERSION } from '../version.ts'
import { devBannerOf } from './banner.ts'
import type { Call, Command } from './command.ts'
import { openBrowser, openerOf } from './open-browser.ts'
import { serve } from './serve.ts'

/** `crew dev`: a server to try things on. */
export const devCommand: Command = {
  name: 'dev',
  about: 'try things: demo workers, no login, on this machine only, tasks in memory; opens the web UI in a browser',
  words: { placeholder: '', max: 0 },
  flags: [
    { name: '--db', placeholder: 'FILE', about: 'keep tasks in this file instead of in memory' },
    { name: '--no-open', placeholder: null, about: 'open no browser; in CI and without a terminal none is opened' },
    { name: '--json', placeholder: null, about: 'for programs: one line of JSON with the url, and the log on stderr' },
  ],
  run,
}

function run(call: Call): Promise<never> {
  const settings = devSettings(call)
  const isForPrograms = call.flags.has('--json')
  return serve({
    ...{ settings, secrets: call.secrets, hasDemo: true },
    log: isForPrograms ? { isTty: false, destination: pino.destination({ fd: 2, sync: true }) } : { isTty: true },
    onStarted: (server) => {
      if (isForPrograms) return call.out(jsonOf(server, settings))
      process.stderr.write(devBannerOf({ server, settings, hasDemo: true }))
      if (!call.flags.has('--no-open')) void openUi(`${server.url}${settings.basePath}`, call)
    },
  })
}

/** What `crew dev` decides: a store that harms nobody, and no login, which is only right where nobody else comes in. */
function devSettings({ settings, flags }: Call): Settings {
  if (!isLoopback(settings.host)) {
    throw new SettingError(
      `HOST is "${settings.host}": crew dev has no login and only listens on this machine; add --host 127.0.0.1, or take crew start.`,
    )
  }
  if (flags.has('--storage')) {
    throw new SettingError('--storage means nothing to crew dev: add --db FILE, or take crew start --demo.')
  }
  const file = flags.get('--db')
  if (file === '') throw new SettingError('--db names no file: write --db dev.db.')
  // From the folder that it is typed in, as any file is.
  return { ...settings, auth: 'off', dataDir: null, storage: file === undefined ? 'memory' : `sqlite:${file}` }
}

const jsonOf = (server: CrewServer, { basePath }: Settings): string =>
  JSON.stringify({
    url: server.url,
    ui: `${server.url}${basePath}`,
    version: VERSION,
    storage: server.durability.detail,
  })

async function openUi(url: string, { input }: Call): Promise<void> {
  const opener = openerOf({ platform: process.platform, env: input.env, isTty: process.stdout.isTTY })
  const fault = opener === null ? null : await openBrowser(opener, url)
  if (fault !== null) process.stderr.write(`  ${fault}\n`)
}
