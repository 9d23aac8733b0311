import type { Fault } from './errors.ts'
import { unknownFields } from './gate-limits.ts'
import { isWorkerName } from './ids.ts'
import { isObject } from './task-input.ts'
import { parseWorkerEdit, type SettingsPolicy, type WorkerEdit } from './worker-edit.ts'

/** An operator of Crew v1 is a worker's settings by other names (WIRE section 2); its channel is the worker's name. */
export interface OperatorEdit {
  readonly channel: string
  readonly edit: WorkerEdit
}

/** What v1's clients send back as they got it. */
const IGNORED = ['id', '_id', 'createdAt']
const FIELDS = ['channel', 'url', 'requestConfig', 'isPaused', ...IGNORED]

/** Where a worker's settings have another name. */
const POINTERS: readonly (readonly [string, string])[] = [
  ['/headers', '/requestConfig/headers'],
  ['/name', '/channel'],
]

/**
 * Reads an operator: the rules are those of a worker's settings, and faults point at the operator's own fields. `channel`: of the
 * operator that is changed, which keeps it; null: of a new one, which has to name it.
 */
export function parseOperatorEdit(
  body: unknown,
  channel: string | null,
  policy: SettingsPolicy,
): { input: OperatorEdit; faults: Fault[] } {
  const none = { channel: '', edit: { settings: {}, limits: {} } }
  if (!isObject(body)) return { input: none, faults: [{ pointer: '', detail: 'expected a JSON object' }] }
  const named = parseChannel(body.channel, channel)
  const config = parseConfig(body.requestConfig)
  const worker = { ...pick(body, 'url'), ...pick(body, 'isPaused'), ...config.fields }
  // What is wrong with the rest is told as well when it is of nobody.
  const name = named.faults.length > 0 ? 'nobody' : named.channel
  const { edit, faults } = parseWorkerEdit(worker, name, policy)
  const all = [...unknownFields(body, FIELDS), ...named.faults, ...config.faults, ...faults.map(inOwnWords)]
  return { input: { channel: named.channel, edit }, faults: all }
}

function parseChannel(given: unknown, channel: string | null): { channel: string; faults: Fault[] } {
  const refused = (detail: string) => ({ channel: '', faults: [{ pointer: '/channel', detail }] })
  if (channel !== null && (given === undefined || given === channel)) return { channel, faults: [] }
  if (channel !== null) return refused('an operator keeps its channel: delete it and create another one')
  if (typeof given !== 'string') return refused('is required: the name of a worker')
  return isWorkerName(given) ? { channel: given, faults: [] } : refused('expected the name of a worker')
}

/** In v1 it was all that its HTTP client took. What is not kept must not seem to be. */
function parseConfig(config: unknown): { fields: { headers?: unknown }; faults: Fault[] } {
  if (config === undefined) return { fields: {}, faults: [] }
  if (config === null) return { fields: { headers: null }, faults: [] }
  if (!isObject(config)) {
    return { fields: {}, faults: [{ pointer: '/requestConfig', detail: 'expected null or {headers}' }] }
  }
  return { fields: pick(config, 'headers'), faults: unknownFields(config, ['headers'], '/requestConfig') }
}

const pick = (object: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> =>
  Object.hasOwn(object, field) && object[field] !== undefined ? { [field]: object[field] } : {}

function inOwnWords({ pointer, detail }: Fault): Fault {
  const other = POINTERS.find(([from]) => pointer === from || pointer.startsWith(`${from}/`))
  return other ? { pointer: `${other[1]}${pointer.slice(other[0].length)}`, detail } : { pointer, detail }
}
