import { describe, expect, test } from 'vitest'
import { isHalfImported } from '../../server/core/crew-go-import.ts'
import { planImport } from '../../server/services/crew-go-plan.ts'
import { createGroup } from '../../server/services/groups.ts'
import { type Finding, type ImportOptions, importCrewGo } from '../../server/services/import-crew-go.ts'
import type { ServiceContext } from '../../server/services/service-context.ts'
import { crewGoGroup, crewGoSource, crewGoTask } from '../support/crew-go.ts'
import { openServiceWorld } from '../support/service-world.ts'
import { interruptCommit, wrapStorage } from '../support/storage-wrappers.ts'

/** A group with one task of each sort, and one that is paused as a whole. */
const store = () =>
  crewGoSource(
    [crewGoGroup({ id: 'g', name: 'nightly' }), crewGoGroup({ id: 'held', isPaused: true })],
    [
      crewGoTask({ id: 'done', isComplete: true, output: '{"n":12345678901234567890}' }),
      crewGoTask({ id: 'busy', busyExecuting: true, parentIds: ['done', 'gone'] }),
      crewGoTask({ id: 'next', parentIds: ['busy'] }),
      crewGoTask({ id: 'failed', remainingAttempts: 0, errors: ['x'] }),
      crewGoTask({ id: 'own-pause', isPaused: true }),
      crewGoTask({ id: 'waits', taskGroupId: 'held' }),
      crewGoTask({ id: 'bad worker', worker: 'w' }),
      crewGoTask({ id: 'stray', taskGroupId: 'nowhere' }),
      { id: 'torn', text: '{"id":"torn"' },
    ],
  )

function runImport(context: ServiceContext, options: Partial<ImportOptions> = {}) {
  const findings: Finding[] = []
  const all = { source: store(), isDryRun: false, onProgress: () => {}, signal: new AbortController().signal }
  const count = importCrewGo(context, { ...all, tell: (finding) => findings.push(finding), ...options })
  return count.then((result) => ({ count: result, findings }))
}

describe('an import', () => {
  test('counts and tells all that it met', async () => {
    const world = await openServiceWorld()
    const { count, findings } = await runImport(world.context)
    expect(count).toEqual({
      groups: 2,
      tasks: { complete: 1, unfinished: 3, paused: 2, exhausted: 1, executing: 1 },
      groupsPresent: 0,
      groupsSkipped: 0,
      tasksSkipped: new Map([
        ['groupless', 1],
        ['malformed', 1],
        ['refused', 1],
      ]),
    })
    expect(findings.filter(({ kind }) => kind !== 'groupImported')).toEqual([
      { kind: 'taskSkipped', id: 'stray', reason: 'its group "nowhere" does not exist' },
      { kind: 'taskSkipped', id: 'torn', reason: expect.stringMatching(/^JSON is malformed/) },
      { kind: 'taskChanged', id: 'busy', change: 'its parent "gone" does not exist any more and is left out' },
      { kind: 'taskSkipped', id: 'bad worker', reason: expect.stringMatching(/^id: expected/) },
    ])
  })

  test('lets unfinished tasks go on, and only those', async () => {
    const world = await openServiceWorld()
    await runImport(world.context)
    expect(await world.runAll()).toEqual(['busy', 'next'])
    expect((await world.load('done')).output).toBe('{"n":12345678901234567890}')
  })

  test('that is only tried finds the same and changes nothing', async () => {
    const world = await openServiceWorld()
    const before = await world.fingerprint()
    const tried = await runImport(world.context, { isDryRun: true })
    expect(await world.fingerprint()).toBe(before)
    expect(await runImport(world.context)).toEqual(tried)
  })

  test('that is run again imports nothing', async () => {
    const world = await openServiceWorld()
    await runImport(world.context)
    const before = await world.fingerprint()
    const { count } = await runImport(world.context)
    expect(count).toMatchObject({ groups: 0, groupsPresent: 2, tasks: { complete: 0, unfinished: 0, paused: 0 } })
    expect(await world.fingerprint()).toBe(before)
  })

  test('leaves a group of Crew with the same id alone, and skips tasks whose id Crew has', async () => {
    const world = await openServiceWorld()
    await world.graph([{ id: 'waits' }], { id: 'g' })
    const { count } = await runImport(world.context)
    expect(count).toMatchObject({ groups: 1, groupsPresent: 1, tasks: { paused: 0 } })
    expect(count.tasksSkipped.get('taken')).toBe(1)
    expect([...(await world.loadAll('g')).keys()]).toEqual(['waits'])
  })

  test('skips a group that it cannot read, with all its tasks', async () => {
    const world = await openServiceWorld()
    const source = crewGoSource([{ id: 'g', text: 'x' }], [crewGoTask({ id: 'a' }), crewGoTask({ id: 'b' })])
    const { count, findings } = await runImport(world.context, { source })
    expect(count).toMatchObject({ groups: 0, groupsSkipped: 1, tasksSkipped: new Map([['withGroup', 2]]) })
    expect(findings).toEqual([{ kind: 'groupSkipped', id: 'g', reason: expect.stringMatching(/^JSON is malformed/) }])
  })

  test('skips a group whose tasks wait for each other', async () => {
    const world = await openServiceWorld()
    const source = crewGoSource([crewGoGroup({ id: 'g' })], [crewGoTask({ id: 'a', parentIds: ['a'] })])
    const { findings } = await runImport(world.context, { source })
    expect(findings).toEqual([{ kind: 'groupSkipped', id: 'g', reason: 'a cycle of parents: a → a' }])
  })

  test('skips a group that somebody makes at the same moment', async () => {
    const world = await openServiceWorld()
    const meanwhile = () => createGroup(world.context, { id: 'g', name: 'first' })
    const context = world.through(interruptCommit(world.storage, meanwhile))
    const source = crewGoSource([crewGoGroup({ id: 'g', name: 'second' })], [])
    const { count } = await runImport(context, { source })
    expect(count).toMatchObject({ groups: 0, groupsSkipped: 1 })
    expect(await world.storage.findGroup('g')).toMatchObject({ name: 'first' })
  })

  test('stops before the next group when it is told to', async () => {
    const world = await openServiceWorld()
    const stop = new AbortController()
    const { count } = await runImport(world.context, {
      signal: stop.signal,
      onProgress: ({ groupsDone }) => void (groupsDone === 1 && stop.abort()),
    })
    expect(count.groups).toBe(1)
  })
})

describe('a group that does not fit into one commit', () => {
  const count = 2500
  const tasks = Array.from({ length: count }, (_, index) => crewGoTask({ id: `t${index}` }))
  const source = crewGoSource([crewGoGroup({ id: 'g', name: 'large' })], tasks)

  /** The storage dies at that commit. */
  const failingAt = (world: Awaited<ReturnType<typeof openServiceWorld>>, commit: number) => {
    let commits = 0
    return world.through(
      wrapStorage(world.storage, {
        async commit(changeSets) {
          commits++
          if (commits === commit) throw new Error('the machine died')
          return world.storage.commit(changeSets)
        },
      }),
    )
  }

  test.each([2, 3, 4, 5])('runs nothing when the import dies at commit %i, and is done again', async (commit) => {
    const world = await openServiceWorld()
    await expect(runImport(failingAt(world, commit), { source })).rejects.toThrow('the machine died')
    const half = await world.storage.findGroup('g')
    expect(half && isHalfImported(half)).toBe(true)
    expect(await world.claim()).toEqual([])
    const again = await runImport(world.context, { source })
    expect(again.count).toMatchObject({ groups: 1, groupsPresent: 0, tasks: { unfinished: count } })
    expect(await world.storage.getGroup('g')).toMatchObject({
      isPaused: false,
      metadata: {},
      counts: { waiting: count },
    })
  })

  test('is told by a dry run although half of it is there, and stays as it is', async () => {
    const world = await openServiceWorld()
    await expect(runImport(failingAt(world, 3), { source })).rejects.toThrow('the machine died')
    const before = await world.fingerprint()
    const tried = await runImport(world.context, { source, isDryRun: true })
    expect(tried.count).toMatchObject({ groups: 1, tasks: { unfinished: count } })
    expect(await world.fingerprint()).toBe(before)
  })

  test('that is paused stays paused', async () => {
    const world = await openServiceWorld()
    const paused = crewGoSource([crewGoGroup({ id: 'g', isPaused: true })], tasks)
    expect((await runImport(world.context, { source: paused })).count.tasks.paused).toBe(count)
    expect(await world.storage.findGroup('g')).toMatchObject({ isPaused: true, metadata: {} })
  })
})

test('a store with more ids than a plan holds is planned in parts that make the whole', async () => {
  const groups = Array.from({ length: 20 }, (_, index) => crewGoGroup({ id: `g${index}` }))
  const tasks = Array.from({ length: 60 }, (_, index) => crewGoTask({ id: `t${index}`, taskGroupId: `g${index % 25}` }))
  const plans = []
  for await (const plan of planImport(crewGoSource(groups, tasks), () => {}, 10)) plans.push(plan)
  expect(plans).toHaveLength(8)
  const planned = plans.flatMap((plan) => [...plan.groups].map(([id, taskIds]) => [id, [...taskIds]] as const))
  expect(planned.map(([id]) => id).sort()).toEqual(groups.map(({ id }) => id).sort())
  const strays = plans.flatMap((plan) => [...plan.strays.keys()])
  expect([...planned.flatMap(([, ids]) => ids), ...strays].sort()).toEqual(tasks.map(({ id }) => id).sort())
  expect(strays).toHaveLength(10)
})
