import { describe, expect, test } from 'vitest'
import { floorsOf, MemoryOfServers, slopeMbPerHour } from '../../scripts/soak/memory.ts'
import { readOptions } from '../../scripts/soak/options.ts'
import { markdownOf, type Report } from '../../scripts/soak/report.ts'
import { requirementsOf } from '../../scripts/soak/requirements.ts'

const growing = (mbPerHour: number) =>
  Array.from({ length: 121 }, (_, minutes) => ({ minutes, rssMb: 100 + (minutes * mbPerHour) / 60 + (minutes % 2) }))

describe('the slope of memory', () => {
  test.each([0, 0.5, 30])('of %s MiB an hour is found, whatever it does in between', (slope) => {
    expect(slopeMbPerHour(growing(slope), 30, 30)).toBeCloseTo(slope, 1)
  })

  test('is that after the warm-up', () => {
    const warming = growing(0).map(({ minutes }) => ({ minutes, rssMb: Math.min(minutes, 30) }))
    expect(slopeMbPerHour(warming, 30, 30)).toBeCloseTo(0)
  })

  test.each([0, 6])('of %s MiB an hour is that of the least of each five minutes, whatever is above it', (slope) => {
    const swinging = growing(slope).map(({ minutes, rssMb }) => ({ minutes, rssMb: rssMb + ((minutes * 7) % 60) }))
    const floors = floorsOf(swinging, 5)
    expect(floors).toHaveLength(25)
    expect(Math.abs((slopeMbPerHour(floors, 0, 30) ?? 0) - slope)).toBeLessThan(3)
  })

  test('is of the process that a server was last', () => {
    const memory = new MemoryOfServers()
    memory.add('server-1', 1, { minutes: 1, rssMb: 500 })
    memory.add('server-1', 2, { minutes: 2, rssMb: 100 })
    memory.add('server-1', 2, { minutes: 3, rssMb: null })
    memory.add('server-1', null, { minutes: 4, rssMb: null })
    expect(memory.ofLastProcesses()).toEqual([['server-1', [{ minutes: 2, rssMb: 100, pid: 2 }]]])
  })

  test('is not told of a short run', () => {
    expect(slopeMbPerHour(growing(1).slice(0, 50), 30, 30)).toBeNull()
  })
})

describe('options', () => {
  test('have defaults', () => {
    expect(readOptions(['--seed', '1'])).toEqual({
      ...{ minutes: 120, rate: 200, auditMinutes: 5, storage: 'redis', seed: 1, report: 'dist/soak' },
    })
  })

  test.each([
    [['--minutes', 'x'], '--minutes is "x"'],
    [['--rate', '0'], '--rate is "0"'],
    [['--storage', 'memory'], '--storage is "memory": expected redis or sqlite.'],
    [['--unknown'], '--unknown'],
  ])('%j are refused with a sentence', (args, sentence) => {
    expect(() => readOptions(args)).toThrow(sentence)
  })
})

describe('a report', () => {
  const audit = (minutes: number, keys: number) => ({
    ...{ minutes, tasksDone: 100_000, drainedInSeconds: 1 },
    servers: [{ name: 'server-1', rssMb: 100, heapMb: 40, openFds: 40, scheduleLagMs: 5 }],
    store: { keys, keysByKind: {}, zsetMembers: 5, leases: 0, memoryMb: 3, groups: 0, tasks: 0, records: 9 },
  })
  const facts = (changes: Partial<Report> = {}) => ({
    options: readOptions(['--seed', '1', '--minutes', '10']),
    ...{ version: '1', startedAt: '', minutes: 10, faults: { 'kill Redis': 3 }, violations: [], violationCount: 0 },
    figures: { groups: 1, tasks: 120_000, posts: 1, lost: 2, stalled: 0, strays: 0, heldBackMs: 0 },
    audits: [audit(5, 30), audit(10, 31)],
    rssSlopeMbPerHour: { 'server-1': 0.1 },
    restingSlopeMbPerHour: { 'server-1': 0.1 },
    lagMs: { count: 5000, p50: 3, p99: 40, max: 90 },
    allowedByDurability: [],
    ...changes,
  })
  const unmet = (changes: Partial<Report>): string[] =>
    requirementsOf(facts(changes)).flatMap(({ what, isMet }) => (isMet === false ? [what] : []))

  test('of a sound run meets what is required', () => {
    expect(unmet({})).toEqual([])
  })

  test.each<[string, Partial<Report>, string]>([
    ['a violation', { violationCount: 1, violations: ['x'] }, '0 violations'],
    ['memory that grows', { rssSlopeMbPerHour: { 'server-1': 3 } }, 'slope of the least RSS'],
    ['memory that grows at rest', { restingSlopeMbPerHour: { 'server-1': 3 } }, 'slope of the RSS at rest'],
    ['keys that pile up', { audits: [audit(5, 30), audit(10, 900)] }, 'Redis keys'],
    ['tasks that are late', { lagMs: { count: 5000, p50: 3, p99: 400, max: 900 } }, 'p99'],
    ['too little work', { figures: { ...facts().figures, tasks: 10 } }, 'tasks done'],
  ])('with %s does not', (_, changes, what) => {
    expect(unmet(changes)).toEqual([expect.stringContaining(what)])
  })

  test('tells faults, looks and violations', () => {
    const told = facts({ violations: ['minute 1: task t is lost'], violationCount: 1 })
    const text = markdownOf({ ...told, requirements: requirementsOf(told) })
    for (const part of ['| kill Redis | 3 |', '| 10.0 | 100000 |', '* minute 1: task t is lost', '**no**'])
      expect(text).toContain(part)
  })
})
