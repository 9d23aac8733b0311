import { STORM_DEFAULTS } from '../../demo-workers/client/storm/storm-options.ts'
import { runDemo } from '../../demo-workers/run-demo.ts'
import { urlOf } from '../listen.ts'
import { type Kind, wholeNumber } from '../settings/kinds.ts'
import { SettingError } from '../settings/setting-error.ts'
import type { Settings } from '../settings/settings-table.ts'
import type { Call, Command } from './command.ts'

/** `crew demo`: runs an example on a server and shows how it goes. */
export const demoCommand: Command = {
  name: 'demo',
  about: 'run an example on a server: campaign (the default), diamond or storm',
  words: { placeholder: '[NAME]', max: 1 },
  flags: [
    { name: '--url', placeholder: 'URL', about: 'the server; else the one that HOST and PORT name' },
    { name: '--token', placeholder: 'TOKEN', about: 'else CREW_AUTH_TOKEN' },
    { name: '--username', placeholder: 'NAME', about: 'else CREW_AUTH_USERNAME' },
    { name: '--password', placeholder: 'PASSWORD', about: 'to log in with; else CREW_AUTH_PASSWORD' },
    { name: '--tasks', placeholder: 'NUMBER', about: 'of the storm: calls, over all three keys (3000)' },
    { name: '--quota', placeholder: 'NUMBER', about: 'of the storm: calls a second for each key (50)' },
    { name: '--outage', placeholder: 'SECONDS', about: 'of the storm: how long two of the keys are out (20)' },
    { name: '--control', placeholder: null, about: 'of the storm: the same without what protects the provider' },
    { name: '--json', placeholder: null, about: 'of the storm: print the figures alone, as JSON' },
  ],
  run,
}

const DEFAULT_DEMO = 'campaign'

function run({ settings, flags, words, out }: Call): Promise<number> {
  const name = words[0] ?? DEFAULT_DEMO
  const storm = stormOf(name, flags)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  return runDemo({
    name,
    storm,
    url: flags.get('--url') ?? urlOf(settings),
    ...credentialsOf(settings, flags),
    out,
    isTty: process.stdout.isTTY,
    signal: stop.signal,
  })
}

/** A flag wins over settings: who gives a password does not want the token of the environment. */
function credentialsOf(settings: Settings, flags: Call['flags']) {
  const username = flags.get('--username') ?? settings.authUsername
  const isLogin = flags.has('--password') && !flags.has('--token')
  const token = flags.get('--token') ?? (isLogin ? undefined : (settings.authToken ?? undefined))
  return { token, username, password: flags.get('--password') ?? settings.authPassword ?? undefined }
}

/** As many tasks as one call creates and one answer lists; a dozen for each key, or there would be nothing to see. */
const TASKS = wholeNumber({ min: 36, max: 10_000 })
const QUOTA = wholeNumber({ min: 1, max: 1000 })
const OUTAGE = wholeNumber({ min: 0, max: 600, unit: 'seconds' })

const STORM_FLAGS = ['--tasks', '--quota', '--outage', '--control', '--json']

function stormOf(name: string, flags: Call['flags']) {
  const stray = name === 'storm' ? undefined : STORM_FLAGS.find((flag) => flags.has(flag))
  if (stray !== undefined) throw new SettingError(`${stray} is of the storm alone: write crew demo storm ${stray}.`)
  return {
    tasks: numberOf(flags, '--tasks', TASKS) ?? STORM_DEFAULTS.tasks,
    quota: numberOf(flags, '--quota', QUOTA) ?? STORM_DEFAULTS.quota,
    outageSeconds: numberOf(flags, '--outage', OUTAGE) ?? STORM_DEFAULTS.outageSeconds,
    isControl: flags.has('--control'),
    isJson: flags.has('--json'),
  }
}

function numberOf(flags: Call['flags'], flag: string, kind: Kind<number>): number | undefined {
  const text = flags.get(flag)
  const value = text === undefined ? undefined : kind.parse(text)
  if (text !== undefined && value === undefined) {
    throw new SettingError(`${flag} is "${text}": expected ${kind.allowed}.`)
  }
  return value
}
