import { runDemo } from '../../demo-workers/run-demo.ts'
import { urlOf } from '../listen.ts'
import type { Settings } from '../settings/settings-table.ts'
import type { Call, Command } from './command.ts'

/** `crew demo`: runs an example on a server and shows how it goes. */
export const demoCommand: Command = {
  name: 'demo',
  about: 'run an example on a server: campaign (the default) or diamond',
  words: { placeholder: '[NAME]', max: 1 },
  flags: [
    { name: '--url', placeholder: 'URL', about: 'the server; else the one that HOST and PORT name' },
    { name: '--token', placeholder: 'TOKEN', about: 'else CREW_AUTH_TOKEN' },
    { name: '--username', placeholder: 'NAME', about: 'else CREW_AUTH_USERNAME' },
    { name: '--password', placeholder: 'PASSWORD', about: 'to log in with; else CREW_AUTH_PASSWORD' },
  ],
  run,
}

const DEFAULT_DEMO = 'campaign'

function run({ settings, flags, words, out }: Call): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  return runDemo({
    name: words[0] ?? DEFAULT_DEMO,
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
