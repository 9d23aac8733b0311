import type { Finding, ImportCount, ImportProgress, SkipKind, TaskCount } from '../services/import-crew-go.ts'
import { oneLine } from './client/terminal-text.ts'

/** What is told one by one, as a line. Imported groups are told by a dry run only: a real one would print all there is. */
export function findingLine(finding: Finding, isDryRun: boolean): string | null {
  switch (finding.kind) {
    case 'groupImported':
      return isDryRun ? oneLine(`group ${finding.id} "${finding.name}": ${tasksOf(finding.tasks)}`) : null
    case 'groupSkipped':
      return oneLine(`group ${finding.id} is skipped: ${finding.reason}`)
    case 'taskSkipped':
      return oneLine(`task ${finding.id} is skipped: ${finding.reason}`)
    case 'taskChanged':
      return oneLine(`task ${finding.id}: ${finding.change}`)
  }
}

export const progressLine = ({ tasksRead, groupsDone }: ImportProgress): string =>
  `${count(tasksRead, 'task')} read, ${count(groupsDone, 'group')} done`

/** The last lines. */
export function reportLines(result: ImportCount, isDryRun: boolean): string[] {
  const { groups, groupsPresent, groupsSkipped, tasks, tasksSkipped } = result
  const { exhausted, executing } = tasks
  const skipped = [...tasksSkipped].map(([kind, number]) => `${number} ${SKIPPED[kind]}`)
  return [
    `${isDryRun ? 'Would import' : 'Imported'} ${count(groups, 'group')} with ${tasksOf(tasks)}.`,
    ...(executing > 0
      ? [`${count(executing, 'task')} of these ${is(executing)} executing, and will be POSTed again.`]
      : []),
    ...(exhausted > 0
      ? [`${count(exhausted, 'task')} of these ${has(exhausted)} no attempts left: retry or reset what shall go on.`]
      : []),
    ...(groupsPresent > 0 ? [`Left alone ${count(groupsPresent, 'group')} that Crew has already.`] : []),
    ...(groupsSkipped > 0 ? [`Skipped ${count(groupsSkipped, 'group')}.`] : []),
    ...(skipped.length > 0 ? [`Skipped ${count(sum(tasksSkipped), 'task')}: ${skipped.join(', ')}.`] : []),
  ]
}

const SKIPPED: Readonly<Record<SkipKind, string>> = {
  malformed: 'malformed',
  refused: 'that Crew does not take',
  taken: 'with an id that Crew has already',
  groupless: 'without a group',
  withGroup: 'with their group',
}

const tasksOf = (tasks: TaskCount): string =>
  `${count(tasks.complete + tasks.unfinished + tasks.paused, 'task')} (${tasks.complete} complete, ${tasks.unfinished} unfinished, ${tasks.paused} paused)`

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
const is = (number: number): string => (number === 1 ? 'was' : 'were')
const has = (number: number): string => (number === 1 ? 'has' : 'have')
const sum = (numbers: ReadonlyMap<SkipKind, number>): number => [...numbers.values()].reduce((a, b) => a + b, 0)
