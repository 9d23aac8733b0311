import { textField } from '../contract/json.ts'
import type { Demo } from './demos.ts'
import { seconds } from './durations.ts'
import { plainText } from './plain-text.ts'
import type { Snapshot, TaskView } from './snapshot.ts'
import { taskTree } from './task-tree.ts'

/** The last lines: the finished graph, its result or what failed, and the figures of the run. */
export function summary(demo: Demo, last: Snapshot, run: { holdsSeen: number; ms: number }): readonly string[] {
  return ['', ...taskTree(last.tasks), '', ...resultLines(demo, last.tasks), figures(last, run)]
}

function resultLines(demo: Demo, tasks: readonly TaskView[]): readonly string[] {
  const failed = tasks.filter((task) => task.state === 'failed')
  if (failed.length > 0) return failed.map(failedLine)
  const result = tasks.find((task) => task.worker === demo.resultOf)
  const message = plainText(textField(result?.output, 'message', ''))
  return message === '' ? [] : [`Result: ${message}`]
}

function failedLine(task: TaskView): string {
  return `Failed: "${task.name}" (${task.id}): ${task.errors.at(-1) ?? 'no error was kept'}`
}

function figures(last: Snapshot, run: { holdsSeen: number; ms: number }): string {
  const failures = last.tasks.reduce((sum, task) => sum + task.errors.length, 0)
  const outcome = last.state === 'succeeded' ? 'Succeeded' : 'Failed'
  const retried = `${count(failures, 'failed attempt')}${last.state === 'succeeded' ? ' retried' : ''}`
  const parts = [count(last.tasks.length, 'task'), retried, `${count(run.holdsSeen, 'hold')} seen`, seconds(run.ms)]
  return `${outcome}: ${parts.join(', ')}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
