import type { ClientWorld } from './client-world.ts'
import { isReading } from './common-flags.ts'
import type { Server } from './connection-flags.ts'
import { EXIT, type ExitCode, exitOfMany } from './exit-codes.ts'
import { type Answer, shown } from './format.ts'
import type { Job } from './job.ts'
import { problemLines } from './problem-lines.ts'
import { plainValue, rawMembers } from './raw-members.ts'
import { messageOf, type Order } from './request.ts'
import { type Outcome, sendAll } from './send-all.ts'
import type { OperationName, Verb } from './verb.ts'
import { waitForAll } from './wait-for-all.ts'

/** Done twice, these would make two of what was asked for. */
const MAKING: ReadonlySet<OperationName> = new Set([
  'createTaskGroup',
  'createTaskGraph',
  'createTask',
  'createTasks',
  'pluckTask',
  'runSchedule',
  'createToken',
] as const)

/** Calls that differ by the id alone. */
export interface Calls {
  readonly job: Job
  readonly order: Order
  readonly server: Server
  readonly ids: readonly (string | null)[]
  readonly deadline: number | undefined
}

/** Makes them, shows what came of them, and waits for their groups where that is asked for. */
export async function callAll({ job, order, server, ids, deadline }: Calls, world: ClientWorld): Promise<ExitCode> {
  const { noun, verb, flags, look } = job
  const outcomes = await sendAll(
    server.once,
    ids.map((id) => ({ id, message: messageOf(order, noun, id), isMaking: MAKING.has(order.operation) })),
  )
  const answers = outcomes.flatMap(({ answer }) => (answer ? [answer] : []))
  const isWaiting = flags.has('--wait')
  if (!isWaiting) world.write(shown(answers, showsOf(job, order), look))
  tellProblems(job, { outcomes, url: server.url }, world)
  if (ids.length > 1 && !isReading(verb))
    world.tell(`${verb.name}: ${answers.length} of ${ids.length} ${noun.plural} done.`)
  const exit = exitOfMany(outcomes.map((outcome) => outcome.exit))
  if (!isWaiting || answers.length === 0) return exit
  const waited = await waitForAll({ job, server, ids: groupsOf(job, answers, order), deadline }, world)
  return exit === EXIT.ok ? waited : exit
}

/** A batch of tasks answers a page of them. */
function showsOf({ verb }: Job, { operation }: Order): Verb['shows'] {
  const { shows } = verb
  if (operation !== 'createTasks' || shows.kind !== 'row') return shows
  return { kind: 'rows', member: 'tasks', id: shows.id, columns: shows.columns }
}

function tellProblems(
  { noun }: Job,
  { outcomes, url }: { readonly outcomes: readonly Outcome[]; readonly url: string },
  world: ClientWorld,
): void {
  const told = new Set<string>()
  for (const outcome of outcomes) {
    if (outcome.answer) continue
    const { id, problem } = outcome
    const lines = problemLines(problem, { url, what: id === null ? null : `${noun.name} ${id}` })
    for (const line of lines) if (!told.has(line)) world.tell(line)
    for (const line of lines) told.add(line)
  }
}

function groupsOf({ verb }: Job, answers: readonly Answer[], { path }: Order): readonly string[] {
  return [...new Set(answers.map((answer) => groupOf(verb, answer, path)))]
}

function groupOf({ waitsFor }: Verb, { id, text }: Answer, path: Order['path']): string {
  switch (waitsFor ?? 'asked') {
    case 'answered':
      return plainValue(rawMembers(text).get('id'))
    case 'taskGroupId':
      return plainValue(rawMembers(text).get('taskGroupId'))
    case 'group':
      return path.get('id') ?? ''
    case 'asked':
      return id ?? ''
  }
}
