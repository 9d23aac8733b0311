import { describe, expect, test } from 'vitest'
import { createBoard } from '../../../demo-workers/client/storm/board.ts'
import { keyState, stateKind } from '../../../demo-workers/client/storm/key-state.ts'
import { parseKeyView } from '../../../demo-workers/client/storm/key-view.ts'
import { liveLines } from '../../../demo-workers/client/storm/live-lines.ts'
import { parseReport, type StormMoment } from '../../../demo-workers/client/storm/storm-moment.ts'
import { makeRun, STORM_DEFAULTS } from '../../../demo-workers/client/storm/storm-options.ts'

const NOW = Date.parse('2026-11-22T10:00:00.000Z')
const soon = (ms: number) => new Date(NOW + ms).toISOString()

/** What a server says of a worker and of its workgroup, in words. */
const stateOf = (worker: object, workgroup: object = {}) =>
  keyState(parseKeyView({ inFlight: 2, waiting: 40, ...worker }, { running: 2, waiting: 40, ...workgroup }), NOW)

describe('the state of a key', () => {
  test('is in a few words what bounds it', () => {
    expect(stateOf({})).toBe('running')
    expect(stateOf({ inFlight: 0, waiting: 0 })).toBe('nothing to do')
    expect(stateOf({}, { heldUntil: soon(700), hold: { source: 'Retry-After' } })).toBe('held for 0.7 s (Retry-After)')
    expect(stateOf({ heldUntil: soon(9000) })).toBe('held for 9 s')
    expect(stateOf({ window: 4 }, { window: 2 })).toBe('opening: 2 a second')
    expect(stateOf({}, { pace: { perSecond: 44.6, until: soon(10) } })).toBe('paced at 45/s')
    expect(stateOf({ window: 32 }, { pace: { perSecond: 45 } })).toBe('opening: 32 a second')
    expect(stateOf({ window: 64 }, { pace: { perSecond: 45 } })).toBe('paced at 45/s')
    expect(stateOf({ pace: { perSecond: 0.25 } })).toBe('paced at 0.3/s')
  })

  test('tells of a breaker when the next probe is due', () => {
    const open = { breakerState: 'open', heldUntil: soon(8000), nextProbeAt: soon(8000) }
    expect(stateOf(open)).toBe('breaker open, next probe in 8 s')
    expect(stateOf({ breakerState: 'halfOpen', nextProbeAt: soon(2000) })).toBe('breaker open, next probe in 2 s')
    expect(stateOf({ breakerState: 'halfOpen', nextProbeAt: soon(0) })).toBe('breaker open, one probe at a time')
    expect(stateOf({ breakerState: 'closed', nextProbeAt: null })).toBe('running')
  })

  test('of a server that tells nothing more is whether it runs', () => {
    expect(keyState(parseKeyView({}, {}), NOW)).toBe('nothing to do')
    expect(keyState(parseKeyView({ inFlight: 1 }, 'nonsense'), NOW)).toBe('running')
  })

  test('is the same kind whatever its figures are', () => {
    expect(stateKind('held for 0.7 s')).toBe(stateKind('held for 12 s'))
    expect(stateKind('paced at 45/s')).toBe(stateKind('paced at 0.3/s'))
    expect(stateKind('opening: 2 a second')).not.toBe(stateKind('paced at 2/s'))
  })
})

describe('the live lines', () => {
  const run = makeRun({ ...STORM_DEFAULTS, tasks: 36 }, 'ab12cd34')
  const moment = (elapsedMs: number, calls: number): StormMoment => ({
    at: NOW,
    tally: parseReport({
      elapsedMs,
      keys: run.plan.keys.map(({ name }) => ({ name, calls, overQuota: 3, inFlight: 2, maxInFlight: 9, perStep: [] })),
    }),
    views: new Map(run.plan.keys.map(({ name }) => [name, parseKeyView({ inFlight: 1 }, { window: 8 })])),
    groupState: 'active',
    counts: new Map(),
  })

  test('tell of each key how fast it went since the moment before', () => {
    expect(liveLines(run, moment(4000, 65), moment(3000, 40))).toEqual([
      '   4 s  steady  █████░░░░░   25/s  in flight  2  over quota   3  opening: 8 a second',
      '   4 s  paced   █████░░░░░   25/s  in flight  2  over quota   3  opening: 8 a second',
      '   4 s  blind   █████░░░░░   25/s  in flight  2  over quota   3  opening: 8 a second',
    ])
  })

  test('have a full bar for whatever is over the quota, and an empty one where nothing was called', () => {
    expect(liveLines(run, moment(1000, 900), undefined)[0]).toContain('██████████  900/s')
    const nothing = { ...moment(0, 0), tally: { elapsedMs: null, keys: new Map() } }
    expect(liveLines(run, nothing, undefined)[0]).toContain('░░░░░░░░░░    0/s')
  })
})

describe('the board', () => {
  const makeBoard = (isTty: boolean) => {
    const lines: string[] = []
    return { lines, board: createBoard({ out: (line) => void lines.push(line), isTty }) }
  }

  test('on a terminal renews what it shows and prints other lines above it', () => {
    const { board, lines } = makeBoard(true)
    board.show(['a', 'b'])
    board.line('news')
    board.show(['c'])
    board.settle()
    board.line('the end')
    const still = (text: string) => `\u001b[?7l${text}\u001b[?7h`
    expect(lines).toEqual([
      `${still('a')}\n${still('b')}`,
      `\u001b[2A\u001b[0Jnews\n${still('a')}\n${still('b')}`,
      `\u001b[2A\u001b[0J${still('c')}`,
      'the end',
    ])
  })

  test('elsewhere prints plain lines, each once', () => {
    const { board, lines } = makeBoard(false)
    board.show(['a', 'b'])
    board.line('news')
    board.note('what the lines say anyway')
    board.show(['c'])
    board.settle()
    expect(lines).toEqual(['a', 'b', 'news', 'c'])
  })
})
