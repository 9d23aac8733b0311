import { CrewError, type Fault } from '../core/errors.ts'
import { RawJson } from '../core/raw-json.ts'
import type { ReceiverPolicy } from '../core/receiver.ts'
import { parseScheduleEdit, type ScheduleEdit, type ScheduleInputContext } from '../core/schedule-input.ts'
import { FIRING_METADATA, type ScheduleTemplate, type TaskTemplate } from '../core/schedule-template.ts'
import { isObject, MAX_METADATA } from '../core/task-input.ts'
import { type Given, readGraph } from './bodies.ts'
import { parseKept } from './json-body.ts'
import { refuseFaults } from './validation.ts'

/** A schedule to create or to change. Refuses with all faults at once. */
export interface ScheduleBody {
  readonly edit: ScheduleEdit
  readonly template?: Given<ScheduleTemplate>
}

export function readScheduleBody(
  body: unknown,
  { policy, ...context }: ScheduleInputContext & { readonly policy: ReceiverPolicy },
): ScheduleBody {
  const { input: edit, faults } = parseScheduleEdit(body ?? {}, context)
  const given = isObject(body) ? body.template : undefined
  if (given === undefined) {
    refuseFaults(faults)
    return { edit }
  }
  const template = readTemplate(given, policy)
  refuseFaults([...faults, ...('faults' in template ? template.faults : [])])
  return { edit, template: template as Given<ScheduleTemplate> }
}

/** By the very rules of a group with all its tasks. */
function readTemplate(
  given: unknown,
  policy: ReceiverPolicy,
): Given<ScheduleTemplate> | { readonly faults: readonly Fault[] } {
  const body = given instanceof RawJson ? parseKept(given) : given
  if (!isObject(body)) return { faults: [{ pointer: '/template', detail: 'expected a JSON object' }] }
  try {
    const {
      id = '',
      name,
      metadata = {},
      keyScope = 'group',
      isPaused = false,
      tasks,
      ...settings
    } = readGraph(body, policy)
    const faults = [...faultsOfId(id), ...faultsOfMetadata(metadata)]
    // That each names a worker is among what has just been checked.
    return faults.length > 0
      ? { faults }
      : { name, metadata, keyScope, isPaused, ...settings, tasks: tasks as TaskTemplate[] }
  } catch (error) {
    if (!(error instanceof CrewError)) throw error
    return { faults: error.faults.map((fault) => ({ ...fault, pointer: `/template${fault.pointer}` })) }
  }
}

function faultsOfId(id: string): Fault[] {
  if (id === '') return []
  return [{ pointer: '/template/id', detail: "leave it out: each group's is made of the schedule's and the time" }]
}

function faultsOfMetadata(metadata: Readonly<Record<string, string>>): Fault[] {
  const most = MAX_METADATA - FIRING_METADATA.length
  const own = Object.keys(metadata).filter((name) => !FIRING_METADATA.some((added) => added === name))
  if (own.length <= most) return []
  const detail = `expected at most ${most} entries: ${FIRING_METADATA.join(' and ')} are added`
  return [{ pointer: '/template/metadata', detail }]
}
