import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChangeSet } from '../../server/core/change-set.ts'
import {
  type ImportedGraph,
  importChanges,
  isHalfImported,
  linkTasks,
  outsideParents,
  type ReadTasks,
  readGroupTasks,
  TASKS_PER_COMMIT,
} from '../../server/core/crew-go-import.ts'
import { Hold, type Task } from '../../server/core/task.ts'
import { NOW } from '../support/attempts.ts'
import { type CrewGoTaskFields, crewGoTask } from '../support/crew-go.ts'
import { makeGroup, makeTask } from '../support/make.ts'

const group = makeGroup({ id: 'g', epoch: 0 })

const readAll = (tasks: readonly CrewGoTaskFields[], takenIds: readonly string[] = []): ReadTasks =>
  readGroupTasks(tasks.map(crewGoTask), { group, now: NOW, takenIds: new Set(takenIds) })

function link(tasks: readonly CrewGoTaskFields[], lostIds: readonly string[] = []): ImportedGraph {
  const graph = linkTasks(readAll(tasks), new Set(lostIds))
  if ('cycle' in graph) throw new Error(graph.cycle)
  return graph
}

const shapeOf = ({ tasks }: ImportedGraph) => tasks.map(({ task }) => [task.id, task.parentIds, task.holds])

describe('the tasks of a group', () => {
  test('go in parents first, then oldest first', () => {
    const at = (minute: number) => `2023-05-01T12:0${minute}:00Z`
    const tasks = [
      { id: 'join', createdAt: at(1), parentIds: ['left', 'right'] },
      { id: 'young', createdAt: at(5) },
      { id: 'right', createdAt: at(4) },
      { id: 'left', createdAt: at(3) },
    ]
    expect(link(tasks).tasks.map(({ task }) => task.id)).toEqual(['left', 'right', 'join', 'young'])
  })

  test('that cannot be read, or whose id Crew has, are told and skipped', () => {
    const { tasks, skipped } = readAll([{ id: 'a' }, { id: 'b', worker: '' }, { id: 'c' }], ['c'])
    expect(tasks.map(({ task }) => task.id)).toEqual(['a'])
    expect(skipped).toEqual([
      { id: 'b', kind: 'refused', reason: expect.stringMatching(/^worker: /) },
      { id: 'c', kind: 'taken', reason: 'Crew has a task with this id' },
    ])
  })

  test('that wait for each other keep the whole group out', () => {
    const read = readAll([{ id: 'a', parentIds: ['b'] }, { id: 'b', parentIds: ['a'] }, { id: 'c' }])
    expect(linkTasks(read, new Set())).toEqual({ cycle: 'a cycle of parents: a → b → a' })
  })

  test('name parents that are not among them once each', () => {
    const read = readAll([
      { id: 'a', parentIds: ['x', 'y'] },
      { id: 'b', parentIds: ['a', 'x'] },
    ])
    expect(outsideParents(read)).toEqual(['x', 'y'])
  })
})

describe('a parent', () => {
  test('that does not exist any more is left out, and the child goes on', () => {
    const graph = link([{ id: 'a' }, { id: 'b', parentIds: ['gone', 'a'] }], ['gone'])
    expect(shapeOf(graph)).toEqual([
      ['a', [], 0],
      ['b', ['a'], 0],
    ])
    expect(graph.changed).toEqual([{ id: 'b', change: 'its parent "gone" does not exist any more and is left out' }])
  })

  test('that exists and is not imported leaves an unfinished child paused, and a complete one as it is', () => {
    const graph = link([
      { id: 'bad', worker: '' },
      { id: 'b', parentIds: ['bad', 'elsewhere'] },
      { id: 'c', parentIds: ['bad'], isComplete: true },
    ])
    expect(shapeOf(graph)).toEqual([
      ['b', [], Hold.paused],
      ['c', [], Hold.complete],
    ])
    expect(graph.changed).toEqual([
      { id: 'b', change: 'its parent "bad" is not imported with this group and is left out' },
      { id: 'b', change: 'its parent "elsewhere" is not imported with this group and is left out' },
      { id: 'b', change: 'it is paused: resume it when it may run without that parent' },
      { id: 'c', change: 'its parent "bad" is not imported with this group and is left out' },
    ])
  })
})

describe('what is committed', () => {
  const many = (count: number, fields: Partial<Task> = {}) =>
    Array.from({ length: count }, (_, index) => makeTask({ id: `t${index}`, groupId: 'g', ...fields }))
  const commits = (tasks: readonly Task[]): ChangeSet[] => [...importChanges(group, tasks)]
  const idsIn = ({ changes }: ChangeSet) => changes.flatMap((one) => (one.kind === 'insertTask' ? [one.task.id] : []))
  const groupIn = ({ changes }: ChangeSet) => changes.flatMap((one) => (one.kind === 'putGroup' ? [one.group] : []))

  test('is one change set for a small group, guarded by its absence', () => {
    const [task] = many(1)
    expect(commits([task as Task])).toEqual([
      {
        guards: [{ kind: 'group', groupId: 'g', epoch: null }],
        changes: [
          { kind: 'putGroup', group },
          { kind: 'insertTask', task },
        ],
        events: [
          { type: 'group.created', groupId: 'g' },
          { type: 'task.created', groupId: 'g', taskId: 't0' },
        ],
      },
    ])
    expect(commits([])).toHaveLength(1)
    expect(commits(many(TASKS_PER_COMMIT))).toHaveLength(1)
  })

  test('starts and ends apart for a large group, which is paused and marked in between', () => {
    const tasks = many(TASKS_PER_COMMIT * 2 + 1)
    const all = commits(tasks)
    expect(all.map((one) => idsIn(one).length)).toEqual([0, TASKS_PER_COMMIT, TASKS_PER_COMMIT, 1, 0])
    expect(all.flatMap(idsIn)).toEqual(tasks.map(({ id }) => id))
    const [first, last] = all.flatMap(groupIn)
    expect(first).toMatchObject({ isPaused: true, epoch: 0 })
    expect([first, last].map((one) => one && isHalfImported(one))).toEqual([true, false])
    expect(last).toEqual({ ...group, epoch: 1 })
    expect(all.map(({ guards }) => guards)).toEqual(
      [null, 0, 0, 0, 0].map((epoch) => [{ kind: 'group', groupId: 'g', epoch }]),
    )
  })

  test('is cut by size as well', () => {
    const large = many(3, { input: JSON.stringify('x'.repeat(3 * 1024 * 1024)) })
    expect(commits(large).map((one) => idsIn(one).length)).toEqual([0, 1, 1, 1, 0])
  })
})

test('whatever is linked goes in: each parent before its children, none from outside, nothing without its parent', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const task = fc.record({
    id,
    parentIds: fc.array(fc.oneof(id, fc.constantFrom('gone', 'elsewhere')), { maxLength: 3 }),
    worker: fc.constantFrom('w', 'w', 'w', ''),
    isComplete: fc.boolean(),
  })
  const tasks = fc.uniqueArray(task, { selector: (one) => one.id, maxLength: 6 })
  fc.assert(
    fc.property(tasks, (documents) => {
      const graph = linkTasks(readAll(documents), new Set(['gone']))
      if ('cycle' in graph) return
      expect(graph.tasks.length + graph.skipped.length).toBe(documents.length)
      const before = new Set<string>()
      for (const { task } of graph.tasks) {
        const { parentIds = [] } = documents.find((one) => one.id === task.id) ?? {}
        expect(task.parentIds.every((parent) => before.has(parent))).toBe(true)
        const isCut = parentIds.some((parent) => parent !== 'gone' && !task.parentIds.includes(parent))
        if (isCut) expect(task.holds).not.toBe(0)
        before.add(task.id)
      }
    }),
  )
})
