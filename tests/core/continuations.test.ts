import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideAttempt } from '../../server/core/attempt.ts'
import { idsNamedBy } from '../../server/core/continuations.ts'
import type { Task } from '../../server/core/task.ts'
import { attemptContext, changesOf, endedWith, kindsOf, NOW, patchOf, read, runningTask } from '../support/attempts.ts'

type Context = Parameters<typeof attemptContext>[0]

const decide = (body: Record<string, unknown>, context: Context = {}, task: Partial<Task> = {}) =>
  decideAttempt(runningTask(task), endedWith(read(body)), attemptContext(context))

const created = (body: Record<string, unknown>, context: Context = {}, task: Partial<Task> = {}): Task[] =>
  changesOf(decide(body, context, task), 'insertTask').map((change) => change.task)

const errorOf = (body: Record<string, unknown>, context: Context = {}): string | undefined => {
  const decided = decide(body, context)
  expect(kindsOf(decided)).not.toContain('insertTask')
  expect(kindsOf(decided)).not.toContain('releaseChildren')
  expect(patchOf(decided).remainingAttempts).toBe(4)
  return patchOf(decided).errors?.[0]
}

describe('the children of an answer', () => {
  test('become tasks of the same group in the commit that completes their creator', () => {
    const decided = decide({ output: 1, children: [{ id: 'c', worker: 'w', input: { a: 1 } }] })
    expect(kindsOf(decided)).toEqual(['patchTask', 'addAttempt', 'releaseChildren', 'insertTask'])
    expect(changesOf(decided, 'insertTask')[0]?.task).toMatchObject({
      id: 'c',
      groupId: 'group',
      worker: 'w',
      input: '{"a":1}',
      parentIds: ['task'],
      createdBy: 'task',
      remainingAttempts: 5,
      runAfter: 0,
      createdAt: NOW,
    })
    expect(decided.events).toContainEqual({ type: 'task.created', groupId: 'group', taskId: 'c' })
  })

  test('get ids when they have none', () => {
    expect(created({ children: [{ worker: 'w' }, { worker: 'w', id: '' }] }).map(({ id }) => id)).toEqual([
      'new-1',
      'new-2',
    ])
  })

  test('have their creator as the last parent, named or not', () => {
    const children = [
      { id: 'a', worker: 'w' },
      { id: 'b', worker: 'w', parentIds: ['task', 'a', 'old'] },
    ]
    const [, b] = created({ children }, { knownParents: new Set(['old']) })
    expect(b?.parentIds).toEqual(['a', 'old', 'task'])
  })

  test('come in any order and are stored parents first', () => {
    const children = [
      { id: 'qa', worker: 'w', parentIds: ['ad'] },
      { id: 'ad', worker: 'w', parentIds: ['set'] },
      { id: 'set', worker: 'w' },
    ]
    expect(created({ children }).map(({ id }) => id)).toEqual(['set', 'ad', 'qa'])
  })

  test('wait for the delay that the answer asks for, unless their own time is later', () => {
    const children = [
      { id: 'a', worker: 'w' },
      { id: 'b', worker: 'w', runAfter: new Date(NOW + 90_000).toISOString() },
    ]
    expect(created({ children, childrenDelayInSeconds: 5 }).map(({ runAfter }) => runAfter)).toEqual([
      NOW + 5000,
      NOW + 90_000,
    ])
  })

  test('get merge keys in the scope of their group', () => {
    const children = [{ id: 'a', worker: 'w', key: 'k' }]
    expect(created({ children })[0]?.mergeKey).toBe('g:group k')
    expect(created({ children }, { keyScope: 'worker' })[0]?.mergeKey).toBe('w:w k')
  })
})

describe('children in the form of Crew v1', () => {
  const children = [
    { _child_id: 'second', channel: 'w', _parent_ids: ['first', 'old'], input: 2 },
    { _child_id: 'first', channel: 'w', input: 1 },
  ]
  const context = { knownParents: new Set(['old']) }

  test('get real ids, and their local names become parents', () => {
    expect(created({ children }, context).map(({ id, parentIds, input }) => ({ id, parentIds, input }))).toEqual([
      { id: 'new-2', parentIds: ['task'], input: '1' },
      { id: 'new-1', parentIds: ['new-2', 'old', 'task'], input: '2' },
    ])
  })

  test('may use the same local names in every answer', () => {
    const taken = { ...context, takenIds: new Set(['first', 'second']) }
    expect(created({ children }, taken)).toHaveLength(2)
  })

  test('must not use a local name twice in one answer', () => {
    const twice = [
      { _child_id: 'a', channel: 'w' },
      { _child_id: 'a', channel: 'w' },
    ]
    expect(errorOf({ children: twice })).toBe('/children/1/_child_id: the name "a" stands twice in the answer')
  })

  test('may have any text for a name, and mix with the form of crew-go', () => {
    const mixed = [
      { _child_id: 'my child №1', worker: 'w', id: 'real' },
      { channel: 'w', _parent_ids: ['my child №1', 'real'] },
    ]
    expect(created({ children: mixed }).map(({ id, parentIds }) => [id, parentIds])).toEqual([
      ['real', ['task']],
      ['new-1', ['real', 'task']],
    ])
  })

  test('ask the store only about ids, not about local names', () => {
    const outcome = read({ children })
    expect(outcome.kind === 'success' && idsNamedBy(outcome.children)).toEqual(['old'])
  })
})

describe('a bad child fails the attempt and creates nothing', () => {
  const good = { id: 'good', worker: 'w' }

  test('when its id is taken', () => {
    const children = [good, { id: 'b', worker: 'w' }]
    expect(errorOf({ children }, { takenIds: new Set(['b']) })).toBe('/children/1/id: a task with the id "b" exists')
  })

  test('when its id is its creator’s', () => {
    expect(errorOf({ children: [{ id: 'task', worker: 'w' }] })).toMatch(/^\/children\/0\/id: /)
  })

  test('when its id stands twice', () => {
    expect(errorOf({ children: [good, good] })).toBe('/children/1/id: the id "good" stands twice in the request')
  })

  test('when its parent does not exist', () => {
    const children = [good, { worker: 'w', parentIds: ['good', 'nobody'] }]
    expect(errorOf({ children })).toBe('/children/1/parentIds/1: no task "nobody" in this group or request')
  })

  test('when parents form a cycle', () => {
    const children = [
      { id: 'a', worker: 'w', parentIds: ['b'] },
      { id: 'b', worker: 'w', parentIds: ['a'] },
    ]
    expect(errorOf({ children })).toBe('/children/0/parentIds: a cycle of parents: a → b → a')
  })

  test('when it is its own parent', () => {
    expect(errorOf({ children: [{ id: 'a', worker: 'w', parentIds: ['a'] }] })).toBe(
      '/children/0/parentIds: a cycle of parents: a → a',
    )
  })

  test('when a field of it is bad', () => {
    expect(errorOf({ children: [good, { worker: 'w', remainingAttempts: -1 }] })).toMatch(
      /^\/children\/1\/remainingAttempts: /,
    )
  })

  test('yet output and delays of the answer count', () => {
    const children = [{ id: 'task', worker: 'w' }]
    const decided = decide({ output: [1], children, workgroupDelayInSeconds: 9 }, {}, { workgroup: 'ads' })
    expect(patchOf(decided).output).toBe('[1]')
    expect(changesOf(decided, 'holdWork').map(({ hold }) => hold.until)).toEqual([NOW + 9000])
  })
})

test('children of any graph are stored parents first, each below its creator', () => {
  const graph = fc
    .integer({ min: 1, max: 30 })
    .chain((size) => fc.tuple(...Array.from({ length: size }, (_, at) => fc.subarray(Array.from(Array(at).keys())))))
    .chain((parents) =>
      fc.shuffledSubarray(
        parents.map((ids, at) => ({ at, ids })),
        { minLength: parents.length },
      ),
    )
  fc.assert(
    fc.property(graph, fc.boolean(), (nodes, isLocal) => {
      const children = nodes.map(({ at, ids }) =>
        isLocal
          ? { _child_id: `c${at}`, channel: 'w', _parent_ids: ids.map((id) => `c${id}`) }
          : { id: `c${at}`, worker: 'w', parentIds: ids.map((id) => `c${id}`) },
      )
      const tasks = created({ children })
      expect(tasks).toHaveLength(nodes.length)
      const seen = new Set(['task'])
      for (const task of tasks) {
        expect(task.parentIds.at(-1)).toBe('task')
        expect(task.parentIds.every((id) => seen.has(id))).toBe(true)
        expect(new Set(task.parentIds).size).toBe(task.parentIds.length)
        seen.add(task.id)
      }
    }),
  )
})
