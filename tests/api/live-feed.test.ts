import { describe, expect, test } from 'vitest'
import { EventLog, LOG_SIZE } from '../../server/api/live/event-log.ts'
import type { LiveSocket } from '../../server/api/live/live-client.ts'
import { LiveFeed } from '../../server/api/live/live-feed.ts'
import type { CrewEvent } from '../../server/core/change-set.ts'
import { simulatedClock } from '../support/simulated-clock.ts'

describe('the rounds of live', () => {
  test('begin with the sequence and the time of the server', () => {
    const { join, clock } = makeFeed()
    expect(join().told()).toEqual([{ seq: 'boot-0', now: new Date(clock.now()).toISOString() }])
  })

  test('tell each member once, under the topics that the client follows', () => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tab.ask(['group:g', 'task:t', 'groups', 'workers'], 'boot-0')
    round()
    expect(tab.told().slice(1)).toEqual([{ seq: 'boot-0', sub: ['group:g', 'task:t', 'groups', 'workers'] }])
    tell(task('t'), task('t'), task('u'), task('x', 'other'), group('g'))
    tell({ type: 'worker.held', worker: 'w' }, { type: 'workgroup.held', workgroup: 'shop' })
    round()
    expect(tab.told()).toEqual([
      {
        seq: 'boot-7',
        deltas: [
          { topic: 'group:g', tasks: ['t', 'u'], groups: ['g'] },
          { topic: 'task:t', tasks: ['t'] },
          { topic: 'groups', groups: ['g', 'other'] },
          { topic: 'workers', workers: ['w'] },
        ],
      },
    ])
    round()
    expect(tab.told()).toEqual([])
  })

  test('say when something came or went', () => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tab.ask(['group:g', 'groups'], 'boot-0')
    round()
    tab.told()
    tell({ type: 'task.created', groupId: 'g', taskId: 'new' })
    round()
    expect(tab.told()).toEqual([
      {
        seq: 'boot-1',
        deltas: [
          { topic: 'group:g', tasks: ['new'], isListChanged: true },
          { topic: 'groups', groups: ['g'] },
        ],
      },
    ])
  })

  test('name 200 members at most, and say so', () => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tab.ask(['group:g'], 'boot-0')
    round()
    tab.told()
    tell(...Array.from({ length: 300 }, (_, i) => task(`t${i}`)))
    round()
    const [frame] = tab.told() as { deltas: { tasks: string[]; isPartial: boolean }[] }[]
    expect([frame?.deltas[0]?.tasks.length, frame?.deltas[0]?.isPartial]).toEqual([200, true])
  })

  test('tell what happened since, when a client comes back or follows something more', () => {
    const { join, tell, round } = makeFeed()
    join()
    tell(task('a'), task('b'), task('x', 'other'))
    const tab = join()
    tab.ask(['group:g'], 'boot-1')
    tell(task('c'))
    round()
    expect(tab.told().slice(1)).toEqual([
      { seq: 'boot-4', sub: ['group:g'], deltas: [{ topic: 'group:g', tasks: ['b', 'c'] }] },
    ])
    round()
    expect(tab.told()).toEqual([])
  })

  test.each(['other-1', 'boot-9', 'nonsense'])('say resync to who knows %j', (since) => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tell(task('a'))
    tab.ask(['group:g'], since)
    round()
    expect(tab.told().slice(1)).toEqual([{ seq: 'boot-1', sub: ['group:g'], resync: true }])
  })

  test('say resync when the log was outrun', () => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tell(...Array.from({ length: LOG_SIZE + 1 }, () => task('t')))
    tab.ask(['group:g'], 'boot-0')
    round()
    expect(tab.told().at(-1)).toEqual({ seq: `boot-${LOG_SIZE + 1}`, sub: ['group:g'], resync: true })
  })

  test('say resync to all when the server itself missed some', () => {
    const { join, tell, round, log } = makeFeed()
    const [tab, idle] = [join(), join()]
    tab.ask(['group:g'], 'boot-0')
    round()
    tab.told()
    idle.told()
    log.expect(10)
    tell(task('t'))
    round()
    expect([tab.told(), idle.told()]).toEqual([[{ seq: 'boot-10', resync: true }], []])
  })

  test('count only what was asked for last', () => {
    const { join, tell, round } = makeFeed()
    const tab = join()
    tab.ask(['groups'], 'boot-0')
    tab.ask(['group:g'], 'boot-0')
    tell(task('t'))
    round()
    expect(tab.told().slice(1)).toEqual([
      { seq: 'boot-1', sub: ['group:g'], deltas: [{ topic: 'group:g', tasks: ['t'] }] },
    ])
    tab.ask([])
    tell(task('t'))
    round()
    expect(tab.told()).toEqual([{ seq: 'boot-2', sub: [] }])
  })

  test('drop who does not read, and go on with the others', () => {
    const { join, tell, round } = makeFeed()
    const [slow, quick] = [join(), join()]
    for (const tab of [slow, quick]) tab.ask(['group:g'], 'boot-0')
    slow.socket.bufferedAmount = 2 * 1024 * 1024
    tell(task('t'))
    round()
    expect([slow.isTerminated(), quick.isTerminated(), quick.told().length]).toEqual([true, false, 2])
  })

  test('end with the last client, and begin with the next', () => {
    const { join, timers } = makeFeed()
    expect(timers.size).toBe(0)
    const [one, two] = [join(), join()]
    expect(timers.size).toBe(1)
    one.leave()
    expect(timers.size).toBe(1)
    two.leave()
    expect(timers.size).toBe(0)
  })

  test.each([
    'no JSON',
    '[]',
    'null',
    '{"sub":"groups"}',
    '{"sub":["nothing"]}',
    '{"sub":["group:"]}',
    '{"sub":["group:a b"]}',
    `{"sub":[${Array(33).fill('"groups"').join()}]}`,
    '{"sub":[],"since":1}',
  ])('are over for who sends %s', (text) => {
    const { join } = makeFeed()
    const tab = join()
    tab.say(text)
    expect(tab.closedWith()).toBe(1008)
  })

  test('are over for who answers no ping', () => {
    const { join, feed } = makeFeed()
    const tab = join()
    feed.beat()
    tab.pong()
    feed.beat()
    expect(tab.isTerminated()).toBe(false)
    feed.beat()
    expect(tab.isTerminated()).toBe(true)
  })
})

const task = (taskId: string, groupId = 'g'): CrewEvent => ({ type: 'task.updated', groupId, taskId })
const group = (groupId: string): CrewEvent => ({ type: 'group.updated', groupId })

/** A feed without a network; the test says what happens and when a round is. */
function makeFeed() {
  const log = new EventLog('boot')
  const clock = simulatedClock()
  const timers = new Set<() => void>()
  const feed = new LiveFeed({
    log,
    clock,
    every: (_ms, run) => {
      timers.add(run)
      return () => timers.delete(run)
    },
  })
  return {
    log,
    clock,
    feed,
    timers,
    round: () => {
      for (const run of timers) run()
    },
    tell: (...events: CrewEvent[]) => {
      for (const event of events) log.append(event)
      feed.hear(events)
    },
    join: () => {
      const tab = makeTab()
      feed.join(tab.socket, async () => true)
      return tab
    },
  }
}

/** A client at whose side the test sits. */
function makeTab() {
  const sent: string[] = []
  const listeners = new Map<string, (data: string) => void>()
  let end: number | 'terminated' | null = null
  const socket: LiveSocket & { bufferedAmount: number } = {
    bufferedAmount: 0,
    send: (text) => void sent.push(text),
    ping: () => {},
    close: (code = 1000) => {
      end = code
    },
    terminate: () => {
      end = 'terminated'
    },
    on: (event: string, listener: (data: string) => void) => listeners.set(event, listener),
  }
  const say = (text: string) => listeners.get('message')?.(text)
  return {
    socket,
    say,
    ask: (sub: string[], since?: string) => say(JSON.stringify({ sub, since })),
    pong: () => listeners.get('pong')?.(''),
    leave: () => listeners.get('close')?.(''),
    /** Since it was asked last. */
    told: (): unknown[] => sent.splice(0).map((text) => JSON.parse(text)),
    closedWith: () => end,
    isTerminated: () => end === 'terminated',
  }
}
