import { expect, test } from 'vitest'
import { createTask } from '../../server/services/tasks.ts'
import { getWorkgroup, holdWorkgroup, listWorkgroups, resumeWorkgroup } from '../../server/services/workgroups.ts'
import { answer } from '../support/attempts.ts'
import { openServiceWorld, refusalOf } from '../support/service-world.ts'

test('a hold lets nothing of the workgroup start, what is there and what comes, and nothing else waits', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a', workgroup: 'ads' }, { id: 'b' }])
  const until = world.clock.now() + 60_000
  expect(await holdWorkgroup(world.context, 'ads', { until, reason: 'quota' })).toMatchObject({
    name: 'ads',
    heldUntil: until,
    reason: 'quota',
  })
  await createTask(world.context, 'g', { id: 'c', worker: 'w', workgroup: 'ads' })
  expect(await world.runAll()).toEqual(['b'])
  world.clock.set(until)
  expect(await world.runAll()).toEqual(['a', 'c'])
})

test('a hold only ever raises', async () => {
  const world = await openServiceWorld()
  const now = world.clock.now()
  await holdWorkgroup(world.context, 'ads', { until: now + 60_000, reason: 'long' })
  expect(await holdWorkgroup(world.context, 'ads', { until: now + 1000, reason: 'short' })).toMatchObject({
    heldUntil: now + 60_000,
    reason: 'long',
  })
})

test('a late small delay of an answer shortens nothing', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a', workgroup: 'ads' }])
  const claimed = await world.claimTask('a')
  const until = world.clock.now() + 60_000
  await holdWorkgroup(world.context, 'ads', { until, reason: 'long' })
  await world.finish(claimed, answer({ workgroupDelayInSeconds: 1 }))
  expect((await getWorkgroup(world.context, 'ads')).heldUntil).toBe(until)
})

test('a resume clears the hold', async () => {
  const world = await openServiceWorld()
  await world.graph([{ id: 'a', workgroup: 'ads' }])
  await holdWorkgroup(world.context, 'ads', { until: world.clock.now() + 60_000, reason: 'x' })
  expect(await resumeWorkgroup(world.context, 'ads')).toMatchObject({ heldUntil: 0, waiting: 1 })
  expect(await world.runAll()).toEqual(['a'])
})

test('a resume of a workgroup that nobody names is answered as free', async () => {
  const world = await openServiceWorld()
  expect(await resumeWorkgroup(world.context, 'x')).toEqual({
    name: 'x',
    heldUntil: 0,
    reason: '',
    waiting: 0,
    running: 0,
  })
})

test('workgroups are those that tasks or holds name', async () => {
  const world = await openServiceWorld()
  await world.graph([
    { id: 'a', workgroup: 'ads' },
    { id: 'b', workgroup: 'ads' },
  ])
  await holdWorkgroup(world.context, 'mail', { until: world.clock.now() + 5, reason: '' })
  const { workgroups, count } = await listWorkgroups(world.context, { page: 1, pageSize: 0 })
  expect(workgroups.map(({ name, waiting }) => [name, waiting])).toEqual([
    ['ads', 2],
    ['mail', 0],
  ])
  expect(count).toBe(2)
  await refusalOf('workgroup_not_found', getWorkgroup(world.context, 'nobody'))
})
