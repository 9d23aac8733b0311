import { describe, expect, test } from 'vitest'
import { type Circumstances, judgeGroup } from '../../server/selftest/group-checks.ts'
import {
  CALM,
  epochAt,
  type GroupHistory,
  makeAttempt,
  makePost,
  makeTask,
  soundHistory,
  timeAt,
} from './make-history.ts'

describe('a history', () => {
  test('of which everything is right has no fault', () => {
    expect(judgeGroup(soundHistory(), CALM)).toEqual({ faults: [], posts: 4, lost: 0, stalled: 0 })
  })

  test.each(broken())('in which %s is refused', (_, check, sentence, spoil) => {
    const history = soundHistory()
    const around = spoil(history) ?? CALM
    expect(judgeGroup(history, around).faults).toContainEqual({ check, text: expect.stringContaining(sentence) })
  })
})

type Spoil = (history: GroupHistory) => Circumstances | undefined

function broken(): [string, string, string, Spoil][] {
  const set = (history: GroupHistory, id: string, fields: object) => history.tasks.set(id, makeTask(id, fields))
  return [
    [
      'an acknowledged task is missing',
      'acknowledged',
      'task b was acknowledged and is lost',
      ({ tasks }) => void tasks.delete('b'),
    ],
    [
      'half of an unknown request is there',
      'acknowledged',
      'not all or nothing',
      (history) => {
        for (const creation of history.creations) creation.outcome = 'unknown'
        history.tasks.delete('b')
      },
    ],
    [
      'a right request was refused',
      'acknowledged',
      'was refused',
      ({ creations }) => {
        for (const creation of creations) creation.outcome = 'refused'
      },
    ],
    [
      'a task has not ended',
      'ended',
      'task b is ready',
      (history) => void set(history, 'b', { parentIds: ['a'], state: 'ready' }),
    ],
    [
      'a POST has no record',
      'posts',
      'POST 2 has no record',
      ({ deliveries }) => void deliveries.push(makePost('b', 2, 400)),
    ],
    [
      'a task succeeded twice',
      'posts',
      'succeeded 2 times',
      ({ attempts, deliveries }) => {
        attempts.set('b', [makeAttempt(1, 200), makeAttempt(2, 400)])
        deliveries.push(makePost('b', 2, 400))
      },
    ],
    [
      'a number came twice',
      'posts',
      'POST 1 came after 1',
      ({ deliveries }) => void deliveries.push(makePost('b', 1, 400)),
    ],
    [
      'an attempt was given back long before its lease ended',
      'posts',
      'lost although nothing happened',
      lostAfter(100),
    ],
    [
      'a child came before its parent',
      'order',
      'POSTed before the success of its parent a',
      ({ deliveries }) => {
        deliveries.splice(2, 1, makePost('b', 1, 50))
      },
    ],
    ['a child of an answer is missing', 'children', 'exists 0 times', ({ tasks }) => void tasks.delete('a.c0')],
    [
      'a child of an answer is there twice',
      'children',
      'exists 2 times',
      (history) => void set(history, 'x', { name: 'child 0 of a' }),
    ],
    [
      'two of one key ran at once',
      'overlap',
      'was POSTed while',
      (history) => {
        set(history, 'b', { parentIds: ['a'], key: 'k' })
        set(history, 'a.c0', { name: 'child 0 of a', parentIds: ['a'], key: 'k' })
        history.deliveries.splice(3, 1, makePost('a.c0', 1, 202))
      },
    ],
    [
      'a failure is told as a success',
      'outcomes',
      'the worker said failed',
      ({ deliveries }) => {
        deliveries.splice(2, 1, makePost('b', 1, 200, 'failed'))
      },
    ],
    [
      'a success is told as a failure',
      'outcomes',
      'the worker said done',
      ({ attempts }) => {
        attempts.set('a.c0', [makeAttempt(1, 300, { outcome: 'failed', statusCode: 500 })])
      },
    ],
    [
      'a task ended with the answer of an attempt that does not count',
      'outputs',
      'output of another POST than 2',
      (history) => void set(history, 'a', { output: { token: 'a-1' } }),
    ],
    [
      'a token came twice',
      'outputs',
      'its token was used before',
      ({ deliveries }) => void deliveries.splice(2, 1, { ...makePost('b', 1, 200), token: 'a-1' }),
    ],
    ['an attempt began in a pause of its group', 'pauses', 'into a pause of g', () => pausedAround('group', 'g')],
  ]
}

/** b is given back so long after its claim, and runs again. */
function lostAfter(ms: number): Spoil {
  return ({ attempts, deliveries, tasks }) => {
    tasks.set('b', makeTask('b', { parentIds: ['a'], output: { token: 'b-2' } }))
    attempts.set('b', [makeAttempt(1, 200, { outcome: 'lost', endedAt: timeAt(200 + ms) }), makeAttempt(2, 5000)])
    deliveries.splice(2, 1, makePost('b', 1, 200, 'nothing'))
    deliveries.push(makePost('b', 2, 5000))
  }
}

const pausedAround = (scope: 'group' | 'workgroup', name: string): Circumstances => ({
  ...CALM,
  pauses: [{ scope, name, from: epochAt(150), until: epochAt(250) }],
})

describe('what was done to servers explains', () => {
  const frozenAt = (at: number): Circumstances => ({
    ...CALM,
    troubles: [{ instance: 'server', at, until: at + 5100 }],
  })

  test('an attempt that was in flight then', () => {
    const history = soundHistory()
    lostAfter(100)(history)
    expect(judgeGroup(history, frozenAt(250))).toMatchObject({ faults: [], lost: 1, stalled: 0 })
  })

  test('none that was POSTed afterwards', () => {
    const history = soundHistory()
    lostAfter(100)(history)
    expect(
      judgeGroup(history, { ...CALM, troubles: [{ instance: 'server', at: -5000, until: -5000 }] }).faults,
    ).toHaveLength(1)
  })

  test('none of another server', () => {
    const history = soundHistory()
    lostAfter(100)(history)
    expect(judgeGroup(history, { ...CALM, troubles: [{ instance: 'other', at: 250 }] }).faults).toHaveLength(1)
  })

  test('a POST that a frozen server sent when it went on, after its attempt was given back', () => {
    const history = soundHistory()
    lostAfter(3100)(history)
    history.deliveries.splice(2, 1, { ...makePost('b', 1, 5500, 'done') })
    expect(judgeGroup(history, frozenAt(250))).toMatchObject({ faults: [], posts: 4 })
  })
})

test('an attempt whose lease ended without anything done to its server is counted as a slow machine', () => {
  const history = soundHistory()
  lostAfter(3100)(history)
  expect(judgeGroup(history, CALM)).toMatchObject({ faults: [], stalled: 1 })
})

test('an attempt that began before a pause, or in one of another name, is none of it', () => {
  const other = judgeGroup(soundHistory(), pausedAround('group', 'other'))
  const workgroup = judgeGroup(soundHistory(), pausedAround('workgroup', 'g'))
  expect([other.faults, workgroup.faults]).toEqual([[], []])
})

test('a task that was merged ends with the success of another one of its key', () => {
  const history = soundHistory()
  history.tasks.set('a', makeTask('a', { key: 'k', output: { token: 'a-2' } }))
  history.tasks.set('m', makeTask('m', { key: 'k' }))
  history.tasks.set('b', makeTask('b', { parentIds: ['m'] }))
  expect(judgeGroup(history, CALM).faults).toEqual([])
})
