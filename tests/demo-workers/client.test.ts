import { describe, expect, test } from 'vitest'
import { clockTime, seconds } from '../../demo-workers/client/durations.ts'
import { createMoments } from '../../demo-workers/client/moments.ts'
import { plainText } from '../../demo-workers/client/plain-text.ts'
import { progressLine } from '../../demo-workers/client/progress-line.ts'
import type { Snapshot, TaskView } from '../../demo-workers/client/snapshot.ts'
import { taskTree } from '../../demo-workers/client/task-tree.ts'

function makeTask(id: string, parentIds: readonly string[] = [], change: Partial<TaskView> = {}): TaskView {
  const names = { id, name: id, worker: 'w', workgroup: 'shared', state: 'succeeded', parentIds }
  return { ...names, errors: [], remainingAttempts: 5, isComplete: true, runAfter: 0, output: null, ...change }
}

function makeSnapshot(change: Partial<Snapshot> = {}): Snapshot {
  return { state: 'active', counts: new Map(), completedPercent: 0, tasks: [makeTask('a')], holds: [], ...change }
}

const holdUntil = (heldUntil: number) => makeSnapshot({ holds: [{ name: 'shared', heldUntil, reason: '' }] })

describe('notable moments', () => {
  test('a hold is noticed once, again when it is felt to be longer, and again when it is new', () => {
    const moments = createMoments(['a'])
    expect(moments.notice(holdUntil(5000), 1000)).toEqual(['‖ workgroup shared is held for 4 s'])
    expect(moments.notice(holdUntil(5040), 1400)).toEqual([])
    expect(moments.notice(holdUntil(7500), 1800)).toEqual(['‖ workgroup shared is held for 5.7 s'])
    expect(moments.notice(holdUntil(7500), 8000)).toEqual([])
    expect(moments.notice(holdUntil(8200), 8100)).toEqual(['‖ workgroup shared is held for 0.1 s'])
    expect(moments.holdsSeen).toBe(3)
  })

  test('a hold of a workgroup that no task of the group has is not shown', () => {
    const holds = [{ name: 'other', heldUntil: 5000, reason: '' }]
    expect(createMoments(['a']).notice(makeSnapshot({ holds }), 0)).toEqual([])
  })

  test('a failed attempt is noticed once, with what comes next', () => {
    const moments = createMoments(['a'])
    const failed = (errors: string[], remainingAttempts: number, runAfter: number) => {
      const change = { errors, remainingAttempts, runAfter, isComplete: false, state: 'retrying' }
      return moments.notice(makeSnapshot({ tasks: [makeTask('a', [], change)] }), 1000)
    }
    expect(failed(['one'], 4, 2500)).toEqual([`✗ "a" attempt 1 failed: one; retry at ${clockTime(2500)}, in 1.5 s`])
    expect(failed(['one'], 4, 2500)).toEqual([])
    expect(failed(['one', 'two'], 3, 900)).toEqual(['✗ "a" attempt 2 failed: two; retrying now'])
    expect(failed(['one', 'two', 'three'], 0, 0)).toEqual(['✗ "a" attempt 3 failed: three; no attempts left'])
  })

  test('a continuation is credited to the last parent, its creator', () => {
    const moments = createMoments(['a'])
    expect(moments.notice(makeSnapshot(), 0)).toEqual([])
    const tasks = [makeTask('a'), makeTask('b', ['a']), makeTask('c', ['b', 'a'])]
    expect(moments.notice(makeSnapshot({ tasks }), 0)).toEqual(['+ "a" created 2 tasks'])
    expect(moments.notice(makeSnapshot({ tasks: [...tasks, makeTask('d', ['c'])] }), 0)).toEqual([
      '+ "c" created 1 task',
    ])
  })

  test('a continuation is noticed again after a reset', () => {
    const moments = createMoments(['a'])
    const grown = makeSnapshot({ tasks: [makeTask('a'), makeTask('b', ['a'])] })
    expect(moments.notice(grown, 0)).toHaveLength(1)
    expect(moments.notice(makeSnapshot(), 0)).toEqual([])
    expect(moments.notice(grown, 0)).toHaveLength(1)
  })

  test('a pause, its end and the end of all are noticed once', () => {
    const moments = createMoments(['a'])
    const states = ['active', 'paused', 'paused', 'active', 'succeeded', 'succeeded']
    expect(states.flatMap((state) => moments.notice(makeSnapshot({ state }), 0))).toEqual([
      '‖ the task group is paused: resume it to go on',
      '▶ the task group was resumed',
      '✓ done',
    ])
  })
})

describe('the tree', () => {
  const shape = (tasks: readonly TaskView[]) =>
    taskTree(tasks).map((line) => line.replace(/✓ (\S+) .*?(joins \d+)?$/, '$1 $2').trimEnd())

  test('puts a join beside what it joins, and ignores parents that others imply', () => {
    const diamond = [
      makeTask('d', ['b', 'c', 'seed']),
      makeTask('b', ['a', 'seed']),
      makeTask('c', ['a', 'seed']),
      makeTask('a', ['seed']),
      makeTask('seed'),
    ]
    expect(shape(diamond)).toEqual(['seed', '└─ a', '   ├─ b', '   ├─ c', '   └─ d joins 2'])
  })

  test('puts what joins several roots among the roots', () => {
    const tasks = [makeTask('a'), makeTask('b'), makeTask('c', ['a', 'b']), makeTask('d', ['c'])]
    expect(shape(tasks)).toEqual(['a', 'b', 'c joins 2', '└─ d'])
  })

  test('puts a join of different depths below the nearest task before all of them', () => {
    const tasks = [
      makeTask('a'),
      makeTask('b', ['a']),
      makeTask('c', ['b']),
      makeTask('d', ['c']),
      makeTask('e', ['b']),
      makeTask('f', ['d', 'e']),
    ]
    expect(shape(tasks)).toEqual(['a', '└─ b', '   ├─ c', '   │  └─ d', '   ├─ e', '   └─ f joins 2'])
  })

  test('survives unknown parents, parents named twice and cycles', () => {
    const tasks = [makeTask('a', ['gone']), makeTask('b', ['a', 'a']), makeTask('c', ['d']), makeTask('d', ['c'])]
    expect(shape(tasks)).toEqual(['a', '└─ b', 'd', '└─ c'])
  })

  test('says state and attempts, with a mark that needs no colour', () => {
    const failed = makeTask('b', ['a'], { state: 'failed', isComplete: false, errors: ['x', 'y'] })
    const blocked = makeTask('c', ['b', 'a'], { state: 'blocked', isComplete: false })
    expect(taskTree([makeTask('a', [], { errors: ['x'] }), failed, blocked])).toEqual([
      '✓ a        succeeded, 2 attempts',
      '└─ ✗ b     failed, 2 attempts',
      '   └─ · c  blocked, 0 attempts',
    ])
  })
})

describe('the progress line', () => {
  test('shows the share done and the tasks by state, in the order of a life', () => {
    const counts = new Map([
      ['blocked', 2],
      ['running', 1],
      ['succeeded', 9],
      ['failed', 0],
      ['novel', 3],
    ] as const)
    expect(progressLine(makeSnapshot({ completedPercent: 0.599, counts }))).toBe(
      '███████████░░░░░░░░░  59 %  9 succeeded · 1 running · 2 blocked · 3 novel',
    )
  })

  test.each([
    [0, '  0 %'],
    [0.29, ' 29 %'],
    [0.9999, ' 99 %'],
    [1, '100 %'],
  ])('a share of %s is %s', (completedPercent, text) => {
    expect(progressLine(makeSnapshot({ completedPercent }))).toContain(text)
  })
})

describe('text for people', () => {
  test.each([
    [-5, '0 s'],
    [1500, '1.5 s'],
    [4000, '4 s'],
    [9960, '10 s'],
    [61_400, '61 s'],
  ])('%s ms are %s', (ms, text) => {
    expect(seconds(ms)).toBe(text)
  })

  test('a long text is cut, control characters become blanks', () => {
    expect(plainText('a\u001b[31m\nb\u2028c')).toBe('a [31m b c')
    expect(plainText('x'.repeat(500))).toHaveLength(160)
  })
})
