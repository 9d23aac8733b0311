import { routes } from '../../../sdk/typescript/src/api-types.ts'
import type { Message } from '../../../sdk/typescript/src/client/connection.ts'
import { SettingError } from '../../settings/setting-error.ts'
import { type Field, fieldText } from './field.ts'
import { type FileWorld, givenText } from './given-text.ts'
import { checkJson, objectText, plainValue, rawMembers } from './raw-members.ts'
import type { Noun, OperationName, Verb } from './verb.ts'

export const methodOf = (operation: OperationName): string => routes[operation].split(' ')[0] ?? 'GET'

/** What a command line sends, but for the id: the same for each of them. */
export interface Order {
  readonly operation: OperationName
  readonly path: ReadonlyMap<string, string>
  readonly query: ReadonlyMap<string, string>
  readonly body: string | null
}

interface Given {
  readonly verb: Verb
  readonly noun: Noun
  readonly flags: ReadonlyMap<string, string>
}

/** Reads flags and file into what will be sent. Throws a SettingError about what cannot be. */
export async function readOrder(given: Given, world: FileWorld): Promise<Order> {
  const { verb } = given
  refuseMissing(given)
  const members = new Map([...(verb.fixed ?? []), ...(await fileMembers(given, world))])
  for (const [name, text] of await fieldsIn('body', given, world)) members.set(name, text)
  const task = await fieldsIn('task', given, world)
  if (task.size > 0) addTask(members, task, verb)
  const operation = verb.batch !== undefined && members.has('tasks') ? verb.batch : verb.operation
  const query = [...(verb.fixedQuery ?? []), ...(await fieldsIn('query', given, world))]
  return {
    operation,
    path: plain(await fieldsIn('path', given, world)),
    query: plain(new Map(query)),
    body: bodyText(members, given),
  }
}

/** The message of one id; null where there is none. */
export function messageOf({ operation, path, query, body }: Order, noun: Noun, id: string | null): Message {
  const [method = 'GET', route = ''] = routes[operation].split(' ')
  const params = new Map(id === null ? path : [...path, [noun.param, id]])
  const filled = route.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params.get(name) ?? ''))
  const search = new URLSearchParams([...query])
  return { method, path: `${filled}${search.size > 0 ? `?${search}` : ''}`, body }
}

function refuseMissing({ verb, noun, flags }: Given): void {
  const missing = verb.fields?.find((field) => field.isRequired && !flags.has(field.name))
  if (missing === undefined) return
  const how = `${missing.name} ${missing.placeholder ?? ''}`.trim()
  throw new SettingError(`crew ${noun.name} ${verb.name} needs ${how} (${missing.about}): see --help.`)
}

async function fieldsIn(where: Field['in'], { verb, flags }: Given, world: FileWorld): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const field of verb.fields ?? []) {
    const written = flags.get(field.name)
    if (field.in === where && written !== undefined) found.set(field.member, await fieldText(field, written, world))
  }
  return found
}

/** An array is the tasks of a graph. */
async function fileMembers({ verb, flags }: Given, world: FileWorld): Promise<ReadonlyMap<string, string>> {
  const path = flags.get('--file')
  if (path === undefined) return new Map()
  const text = (await givenText(path, world)).trim()
  try {
    checkJson(text)
  } catch (error) {
    throw new SettingError(`${shownPath(path)} holds no JSON: ${error instanceof Error ? error.message : error}.`)
  }
  if (!/^[[{]/.test(text)) throw new SettingError(`${shownPath(path)} holds no object and no list of tasks.`)
  const graph = text.startsWith('[') ? objectText([['tasks', text]]) : text
  const members = rawMembers(graph)
  return verb.graphIn !== undefined && members.has('tasks') ? new Map([[verb.graphIn, graph]]) : members
}

const shownPath = (path: string): string => (path === '-' ? 'stdin' : path)

function addTask(members: Map<string, string>, task: ReadonlyMap<string, string>, { graphIn }: Verb): void {
  const tasks = `[${objectText(task)}]`
  members.set(graphIn ?? 'tasks', graphIn === undefined ? tasks : objectText([['tasks', tasks]]))
}

function bodyText(members: ReadonlyMap<string, string>, { verb, noun }: Given): string | null {
  const method = methodOf(verb.operation)
  if (method === 'GET' || method === 'DELETE') return null
  if (method === 'PUT' && members.size === 0) {
    throw new SettingError(
      `crew ${noun.name} ${verb.name} has nothing to change: give a flag${verb.hasFile ? ' or --file' : ''}, see --help.`,
    )
  }
  // Routes that take no body refuse none, and one that takes a body wants one.
  return members.size > 0 || verb.fields || verb.hasFile ? objectText(members) : null
}

const plain = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...texts].map(([name, text]) => [name, plainValue(text)]))
