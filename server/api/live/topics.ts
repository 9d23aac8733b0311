import type { CrewEvent } from '../../core/change-set.ts'
import { ID_PATTERN } from '../../core/ids.ts'

/** What a page can follow: all groups, workers, workgroups or schedules, one group with its tasks, one task. */
export const TOPICS = 'groups, workers, workgroups, schedules, group:ID, task:ID'

const ID = ID_PATTERN.source.slice(1, -1)
const TOPIC_PATTERN = new RegExp(`^(?:groups|workers|workgroups|schedules|(?:group|task):${ID})$`)

export const isTopic = (value: unknown): value is string => typeof value === 'string' && TOPIC_PATTERN.test(value)

export type Member = 'tasks' | 'groups' | 'workers' | 'workgroups' | 'schedules'

/** Something to be told under a topic: this member changed. */
export interface Note {
  readonly topic: string
  readonly member: Member
  readonly id: string
  /** It is in the lists of this topic from now on, or no longer. */
  readonly comesOrGoes: boolean
}

export function notesOf(event: CrewEvent): readonly Note[] {
  const comesOrGoes = /\.(created|deleted)$/.test(event.type)
  if ('taskId' in event) {
    const task = { member: 'tasks', id: event.taskId, comesOrGoes } as const
    return [
      { topic: `group:${event.groupId}`, ...task },
      { topic: `task:${event.taskId}`, ...task },
      { topic: 'groups', member: 'groups', id: event.groupId, comesOrGoes: false },
    ]
  }
  if ('groupId' in event) {
    const group = { member: 'groups', id: event.groupId, comesOrGoes } as const
    return [
      { topic: `group:${event.groupId}`, ...group },
      { topic: 'groups', ...group },
    ]
  }
  if ('workgroup' in event) return [alone('workgroups', event.workgroup, comesOrGoes)]
  if ('worker' in event) return [alone('workers', event.worker, comesOrGoes)]
  return [alone('schedules', event.schedule, comesOrGoes)]
}

const alone = (topic: Exclude<Member, 'tasks'>, id: string, comesOrGoes: boolean): Note => ({
  topic,
  member: topic,
  id,
  comesOrGoes,
})
