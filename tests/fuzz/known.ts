import type { Random } from '../e2e/support/random.ts'

/** What stands in addresses and bodies to name something. */
export type Kind =
  | 'group'
  | 'task'
  | 'held'
  | 'worker'
  | 'workgroup'
  | 'schedule'
  | 'user'
  | 'token'
  | 'view'
  | 'bulk'
  | 'snapshot'
  | 'fingerprint'
  | 'attempt'
  | 'operator'

/** So many of a kind are remembered: the newest, as the others may be gone. */
const MEMORY = 24

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
type Json = any

/** Names that the server knows, learnt from its answers. */
export class Known {
  readonly #names = new Map<Kind, string[]>()
  readonly #groupOf = new Map<string, string>()

  add(kind: Kind, name: unknown): void {
    if (typeof name !== 'string' || name === '') return
    this.#names.set(kind, [...this.#all(kind, name), name].slice(-MEMORY))
  }

  /** One of a kind; a name of nobody while none is known. */
  one(kind: Kind, random: Random): string {
    const [first, ...rest] = this.#names.get(kind) ?? []
    return first === undefined ? 'nobody' : random.pick([first, ...rest])
  }

  /** The group of a task. */
  groupOf(task: string): string | undefined {
    return this.#groupOf.get(task)
  }

  /** It is gone. */
  forget(name: unknown): void {
    for (const kind of this.#names.keys()) this.#names.set(kind, this.#all(kind, name))
  }

  #all(kind: Kind, but: unknown): string[] {
    return (this.#names.get(kind) ?? []).filter((one) => one !== but)
  }

  /** Looks for names in what an operation answered. */
  learn(operation: string, answer: Json): void {
    for (const task of tasksIn(answer)) this.#learnTask(task)
    const { kind, names } = lessons[operation]?.(answer) ?? { kind: 'group', names: [] }
    for (const name of names) this.add(kind, name)
    if (answer.deleted === true) this.forget(answer.id ?? answer.name)
    if (answer.callback) this.add('attempt', answer.callback.token)
    if (operation === 'releaseTask') this.#names.set('held', this.#all('held', answer.id))
    if (operation === 'acquireTask') this.add('held', answer.task?.id)
  }

  #learnTask({ id, taskGroupId }: { id: string; taskGroupId: string }): void {
    this.add('task', id)
    this.#groupOf.set(id, taskGroupId)
  }
}

function tasksIn(answer: Json): { id: string; taskGroupId: string }[] {
  const all = [answer, answer?.task, ...(Array.isArray(answer?.tasks) ? answer.tasks : [])]
  return all.filter((one) => typeof one?.taskGroupId === 'string' && typeof one.worker === 'string')
}

const one = (kind: Kind, name: unknown) => ({ kind, names: [name] })
const each = (kind: Kind, list: Json[] = [], field = 'id') => ({ kind, names: list.map((item) => item[field]) })

const lessons: Readonly<Record<string, (answer: Json) => { kind: Kind; names: unknown[] }>> = {
  createTaskGroup: ({ id }) => one('group', id),
  createTaskGraph: ({ id }) => one('group', id),
  pluckTask: ({ id }) => one('group', id),
  runSchedule: ({ id }) => one('group', id),
  putSchedule: ({ id }) => one('schedule', id),
  createUser: ({ name }) => one('user', name),
  createToken: ({ id }) => one('token', id),
  createView: ({ id }) => one('view', id),
  createOperator: ({ channel }) => one('operator', channel),
  createBulk: ({ snapshot, id }) => (snapshot ? one('snapshot', snapshot) : one('bulk', id)),
  listErrors: ({ errors }) => each('fingerprint', errors, 'fingerprint'),
  listOperators: (list) => each('operator', list, 'channel'),
}
