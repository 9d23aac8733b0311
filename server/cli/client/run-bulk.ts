import { SettingError } from '../../settings/setting-error.ts'
import type { ClientWorld } from './client-world.ts'
import { filterFlags, filterMember } from './common-flags.ts'
import type { Server } from './connection-flags.ts'
import { isAgreed } from './consent.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { shown } from './format.ts'
import type { Job } from './job.ts'
import { BULK_ROW } from './nouns/bulk.ts'
import { objectText, plainValue, type RawObject, rawItems, rawMembers } from './raw-members.ts'
import { oneLine } from './terminal-text.ts'

const PATH = 'api/v1/bulk'
const POLL_MS = 300

/** Whether flags say which are meant, and no ids. */
export function isByFilter({ verb, flags, words }: Job): boolean {
  const given = filterFlags(verb).filter(({ name }) => flags.has(name))
  if (given.length > 0 && words.length > 0) {
    throw new SettingError(`${given[0]?.name} says which are meant, and so do ids: keep one of the two.`)
  }
  const [foreign] = given.length > 0 ? NOT_BY_FILTER.filter((name) => flags.has(name)) : []
  if (foreign !== undefined) throw new SettingError(`${foreign} is for ids: name them, or leave ${foreign} out.`)
  return given.length > 0
}

/** The server does a bulk operation by itself: it resets no descendants, and a group that it resumes is not waited for. */
const NOT_BY_FILTER = ['--wait', '--timeout', '--descendants']

/** What a preview or the operation itself is asked for with. */
function bulkBody({ verb, flags }: Job, body: string | null, ids: readonly string[] | null): string {
  const filter = filterFlags(verb).flatMap(({ name }): [string, string][] => {
    const value = flags.get(name)
    return value === undefined ? [] : [[filterMember(name), JSON.stringify(value)]]
  })
  const params = [...rawMembers(body ?? '{}')].filter(([name]) => /^(remainingAttempts|spreadSeconds)$/.test(name))
  return objectText([
    ['dryRun', 'true'],
    ['action', JSON.stringify(verb.bulk?.action)],
    ['target', JSON.stringify(verb.bulk?.target)],
    ids === null ? ['filter', objectText(filter)] : ['ids', JSON.stringify(ids)],
    ...(params.length > 0 ? [['params', objectText(params)] as const] : []),
  ])
}

interface Bulk {
  readonly job: Job
  readonly server: Server
  /** Of the calls that these would be one by one. */
  readonly body: string | null
}

/** What the server would do with these ids, or with what the filter finds. */
export const previewBulk = ({ job, server, body }: Bulk, ids: readonly string[] | null): Promise<string> =>
  server.once.send({ method: 'POST', path: PATH, body: bulkBody(job, body, ids) })

/** A preview for people. */
export function previewLines(preview: RawObject): readonly string[] {
  const [action, target, count] = ['action', 'target', 'count'].map((name) => plainValue(preview.get(name)))
  const states = [...rawMembers(preview.get('byState') ?? '{}')].map(([state, number]) => `${number} ${state}`)
  const skipped = rawItems(preview.get('skipped') ?? '[]').map(rawMembers)
  const samples = rawItems(preview.get('samples') ?? '[]').map(rawMembers)
  const told = (row: RawObject, names: readonly string[], between: string): string =>
    `  ${oneLine(names.map((name) => plainValue(row.get(name))).join(between))}`
  return [
    oneLine(
      `${action} ${count} ${count === '1' ? target?.slice(0, -1) : target}${states.length === 0 ? '' : `: ${states.join(', ')}`}`,
    ),
    ...skipped.map((each) => told(each, ['count', 'reason'], ' skipped: ')),
    ...samples.map((each) => told(each, ['id', 'name', 'state'], ' · ')),
  ]
}

/** Previews, asks, does it, and waits until the server is done with it. */
export async function runBulk(bulk: Bulk, world: ClientWorld): Promise<ExitCode> {
  const { job, server } = bulk
  const preview = rawMembers(await previewBulk(bulk, null))
  for (const line of previewLines(preview)) world.tell(line)
  if (preview.get('count') === '0') return EXIT.ok
  const question = `${job.verb.name} ${preview.get('count')} ${job.noun.plural}?`
  if (!(await isAgreed({ question, flags: job.flags, readsStdin: false }, world))) {
    world.tell('Nothing was done.')
    return EXIT.failed
  }
  const body = objectText([['snapshot', preview.get('snapshot') ?? 'null']])
  const begun = rawMembers(await server.once.send({ method: 'POST', path: PATH, body }))
  const text = await ended(plainValue(begun.get('id')), server, world)
  world.write(shown([{ id: null, text }], BULK_ROW, job.look))
  return exitOfBulk(rawMembers(text))
}

async function ended(id: string, server: Server, world: ClientWorld): Promise<string> {
  for (;;) {
    const text = await server.patient.send({ method: 'GET', path: `${PATH}/${encodeURIComponent(id)}`, body: null })
    if (rawMembers(text).get('state') !== '"running"') return text
    await world.sleep(POLL_MS)
  }
}

function exitOfBulk(operation: RawObject): ExitCode {
  if (operation.get('state') === '"finished"' && operation.get('failed') === '0') return EXIT.ok
  return operation.get('done') === '0' ? EXIT.failed : EXIT.partly
}
