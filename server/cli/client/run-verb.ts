import { CrewProblem } from '../../../sdk/typescript/src/client/crew-problem.ts'
import { SettingError } from '../../settings/setting-error.ts'
import type { Arguments } from '../command.ts'
import { type Calls, callAll } from './call-all.ts'
import type { ClientWorld } from './client-world.ts'
import { connectTo, urlOf } from './connection-flags.ts'
import { isAgreed } from './consent.ts'
import { tellDryRun } from './dry-run.ts'
import { EXIT, type ExitCode, exitOfProblem } from './exit-codes.ts'
import { type Look, readFormat, shown } from './format.ts'
import { readIds } from './ids.ts'
import type { Job } from './job.ts'
import { listPages, readLimit } from './list-pages.ts'
import { problemLines } from './problem-lines.ts'
import { readOrder } from './request.ts'
import { isByFilter, runBulk } from './run-bulk.ts'
import type { Noun, Verb } from './verb.ts'
import { readDeadline, waitForAll } from './wait-for-all.ts'

/** Runs a verb of a noun; answers the exit code. Throws a SettingError about a command line that cannot be used. */
export async function runVerb(
  { noun, verb }: { readonly noun: Noun; readonly verb: Verb },
  { flags, words }: Arguments,
  world: ClientWorld,
): Promise<ExitCode> {
  const job: Job = { noun, verb, flags, words, look: lookOf(flags, world) }
  try {
    return await perform(job, withOneStdin(world))
  } catch (error) {
    if (!(error instanceof CrewProblem)) throw error
    for (const line of problemLines(error, { url: urlOf(flags, world), what: null })) world.tell(line)
    return exitOfProblem(error)
  }
}

function lookOf(flags: ReadonlyMap<string, string>, { isTty, env }: ClientWorld): Look {
  const hasColor = isTty.stdout && !env.NO_COLOR && env.TERM !== 'dumb'
  return { format: readFormat(flags), isTerminal: isTty.stdout, hasColor }
}

async function perform(job: Job, world: ClientWorld): Promise<ExitCode> {
  const { verb, flags } = job
  const deadline = readDeadline(flags, world)
  const order = await readOrder(job, world)
  const byFilter = isByFilter(job)
  const ids = verb.words === 'none' ? [null] : byFilter ? [] : await readIds(job, world)
  const isDryRun = flags.has('--dry-run')
  if (!byFilter && ids.length === 0) {
    world.tell(`No ids came from stdin: no ${job.noun.name} was asked for.`)
    return EXIT.ok
  }
  if (isDryRun && !verb.bulk) return await tellDryRun({ job, order, ids, server: null }, world)
  if (!byFilter && !isDryRun && !(await isAllowed(job, ids, world))) return EXIT.failed
  const server = await connectTo(flags, world)
  if (isDryRun) return await tellDryRun({ job, order, ids: byFilter ? null : ids, server }, world)
  if (byFilter) return await runBulk({ job, server, body: order.body }, world)
  if (verb.isWatch) return await waitForAll({ job, server, ids: ids.map(String), deadline }, world)
  if (verb.shows.kind === 'rows') return await list({ job, order, server, id: ids[0] ?? null }, world)
  return await callAll({ job, order, server, ids, deadline }, world)
}

/** Ids, `--file` and `--input` may each come from stdin, but only one of them can have it. */
function withOneStdin(world: ClientWorld): ClientWorld {
  let isRead = false
  const readStdin = (): Promise<string> => {
    if (isRead) throw new SettingError('stdin is named twice with -: it can be read once.')
    isRead = true
    return world.readStdin()
  }
  return { ...world, readStdin }
}

async function isAllowed(
  { noun, verb, flags, words }: Job,
  ids: readonly (string | null)[],
  world: ClientWorld,
): Promise<boolean> {
  if (!verb.asks || ids.length < 2) return true
  const question = `${verb.name} ${ids.length} ${noun.plural}?`
  if (await isAgreed({ question, flags, readsStdin: words.includes('-') }, world)) return true
  world.tell('Nothing was done.')
  return false
}

async function list(
  { job, order, server, id }: Omit<Calls, 'ids' | 'deadline'> & { readonly id: string | null },
  world: ClientWorld,
): Promise<ExitCode> {
  const { noun, verb, look } = job
  const member = verb.shows.kind === 'rows' ? verb.shows.member : ''
  const { text, rows, total } = await listPages({
    connection: server.once,
    noun,
    order,
    member,
    id,
    limit: readLimit(job.flags),
  })
  world.write(shown([{ id, text }], verb.shows, look))
  if (look.format !== 'table') return EXIT.ok
  if (rows === 0) world.tell(`There are no ${member === 'taskGroups' ? 'groups' : member} like that.`)
  else if (total !== null && total > rows) world.tell(`${rows} of ${total}: --limit or --all shows more.`)
  return EXIT.ok
}
