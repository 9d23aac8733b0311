import { isLoopback } from '../settings/check-together.ts'
import { SETTINGS, type Settings } from '../settings/settings-table.ts'
import type { CrewServer } from '../start-server.ts'
import { VERSION } from '../version.ts'
import { commandLine } from './runtime.ts'

export interface BannerOptions {
  readonly server: Pick<CrewServer, 'url' | 'durability' | 'generatedPassword'>
  readonly settings: Settings
  readonly hasDemo: boolean
}

/** What a person wants to know when the server is up. */
export function bannerOf(options: BannerOptions): string {
  return bannerText(options, [
    ...placesOf(options),
    ['Log in', loginOf(options)],
    ...(options.hasDemo ? [['Example', exampleOf(options)]] : []),
  ])
}

/** Of a server to try things on: what to do first, ready to be pasted. */
export function devBannerOf(options: BannerOptions): string {
  const { url } = options.server
  const task = `curl -s ${url}/api/v1/task_groups/graph -H 'Content-Type: application/json' -d '{"tasks": [{"worker": "echo", "input": {"hello": "Crew"}}]}'`
  return bannerText(options, [
    ...placesOf(options),
    ['Log in', 'not needed: only this machine is listened to'],
    ['A task', task],
    ['Next', exampleOf(options)],
  ])
}

type BannerRow = readonly string[]

function bannerText({ server }: BannerOptions, rows: readonly BannerRow[]): string {
  const lines = rows.map(([name = '', text]) => `  ${name.padEnd(10)}${text}`)
  return `\n  Crew ${VERSION} listens at ${server.url}\n\n${lines.join('\n')}\n\n`
}

const placesOf = (options: BannerOptions): readonly BannerRow[] => [
  ['Web UI', `${options.server.url}${options.settings.basePath}`],
  ['API docs', `${options.server.url}/docs`],
  ['Storage', options.server.durability.detail],
  ['Workers', workersOf(options)],
]

function workersOf({ settings, hasDemo, server }: BannerOptions): string {
  if (settings.workerBaseUrl !== null) return settings.workerBaseUrl
  return hasDemo ? `${server.url}/demo/ (the demo workers)` : 'no address yet: set CREW_WORKER_BASE_URL'
}

function loginOf({ settings, server }: BannerOptions): string {
  const { authUsername, authPassword, auth } = settings
  if (auth === 'off') return 'not needed (CREW_AUTH is off)'
  if (server.generatedPassword !== null) {
    return `${authUsername} / ${server.generatedPassword}   (made for this store, shown only now: keep it)`
  }
  if (authPassword !== null) return `${authUsername}, with CREW_AUTH_PASSWORD`
  return `${authUsername}, with the password of the first start (lost? set CREW_AUTH_PASSWORD)`
}

/** Ready to be pasted. */
function exampleOf({ settings, server }: BannerOptions): string {
  const isElsewhere = server.url !== `http://${SETTINGS.host.fallback}:${SETTINGS.port.fallback}`
  return commandLine('demo', [...(isElsewhere ? ['--url', server.url] : []), ...credentialsOf(settings, server)])
}

function credentialsOf(settings: Settings, server: BannerOptions['server']): string[] {
  if (settings.auth === 'off') return []
  const user = settings.authUsername === SETTINGS.authUsername.fallback ? [] : ['--username', settings.authUsername]
  // Where other machines come in, a password belongs in no history of a shell.
  const password = isLoopback(settings.host) ? server.generatedPassword : null
  return [...user, '--password', password ?? 'PASSWORD']
}
