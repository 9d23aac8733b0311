import type { TaskView } from './snapshot.ts'
import { arrangeTasks, type TreeNode } from './tree-order.ts'

/** The finished graph as a small text tree: each task with its state, its attempts and how many it joins. */
export function taskTree(tasks: readonly TaskView[]): readonly string[] {
  const rows = arrangeTasks(tasks).flatMap((root) => rowsOf(root, '', ''))
  const width = Math.max(0, ...rows.map((row) => row.left.length))
  return rows.map((row) => `${row.left.padEnd(width)}  ${row.right}`)
}

interface Row {
  readonly left: string
  readonly right: string
}

function rowsOf(node: TreeNode, branch: string, indent: string): readonly Row[] {
  const row = { left: `${branch}${mark(node.task)} ${node.task.name}`, right: facts(node) }
  const below = node.children.flatMap((child, index) => {
    const isLast = index === node.children.length - 1
    return rowsOf(child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`)
  })
  return [row, ...below]
}

function mark(task: TaskView): string {
  if (task.state === 'succeeded') return '✓'
  return task.state === 'failed' ? '✗' : '·'
}

function facts({ task, joins }: TreeNode): string {
  const attempts = task.errors.length + (task.isComplete ? 1 : 0)
  const joined = joins > 1 ? `, joins ${joins}` : ''
  return `${task.state}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${joined}`
}
