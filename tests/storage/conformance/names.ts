import { expect } from 'vitest'
import { holdWork, releaseWork } from '../../support/changes.ts'
import type { StorageTest } from '../conformance.ts'
import { idsOf } from '../storage-world.ts'

/** What people may call things, each of which means something to some engine: a hash tag, a pattern, a quote, a path. */
const names = [
  '{c1}',
  '}{',
  'crew:{c0}:x',
  ':',
  '*',
  '[a-z]?',
  '%',
  '_',
  "'; DROP TABLE task; --",
  '"',
  '\\',
  '$1',
  '../..',
  'a\r\nb',
  '\u001b[31m\u202e',
  ' ',
  'ä😀',
  '__proto__',
  'constructor',
  'x'.repeat(256),
  '😀'.repeat(128),
]

/** Names never become commands, patterns or places. */
export function describeNames(it: StorageTest): void {
  it('workgroups of any name are held and let go each by itself', async (world) => {
    const group = await world.addGroup()
    const tasks = []
    for (const workgroup of names) tasks.push(await world.addTask(group, { workgroup }))
    const until = world.clock.now() + 60_000
    await world.commit(...names.map((name) => holdWork('workgroup', name, until, name)))
    expect(await world.claimIds()).toEqual([])
    const holds = await world.storage.listHolds('workgroup')
    expect(holds.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
    for (const [at, name] of names.entries()) {
      await world.commit(releaseWork('workgroup', name))
      expect([name, await world.claimIds()]).toEqual([name, idsOf(tasks.slice(at, at + 1))])
    }
  })

  it('keys of any name exclude each other, and nothing else', async (world) => {
    const group = await world.addGroup()
    const [first, second] = [[], []] as [string[], string[]]
    for (const mergeKey of names) {
      first.push((await world.addTask(group, { key: mergeKey, mergeKey })).id)
      second.push((await world.addTask(group, { key: mergeKey, mergeKey })).id)
    }
    expect((await world.claimIds()).toSorted()).toEqual(first.toSorted())
    for (const [at, name] of names.entries()) {
      const found = idsOf(await world.storage.listDuplicates(name))
      expect([name, found.toSorted()]).toEqual([name, [first[at], second[at]].toSorted()])
    }
  })

  it('tasks and metadata of any name are found by that name alone', async (world) => {
    const group = await world.addGroup({ name: names.join('') })
    const tasks = []
    for (const name of names)
      tasks.push(await world.addTask(group, { name, workgroup: name, metadata: { [name]: name } }))
    for (const [at, name] of names.entries()) {
      const own = idsOf(tasks.slice(at, at + 1))
      expect([name, await world.listIds(group, { workgroup: name })]).toEqual([name, own])
      expect([name, await world.listIds(group, { metadata: { [name]: name } })]).toEqual([name, own])
      const holding = tasks.filter((task) => task.name.toLowerCase().includes(name.toLowerCase()))
      expect([name, await world.listIds(group, { search: name })]).toEqual([name, idsOf(holding)])
    }
    expect((await world.loadGroup(group)).name).toBe(names.join(''))
  })

  it('records of any name are apart', async ({ storage }) => {
    for (const name of names) await storage.putRecord(`any/${name}`, name)
    for (const name of names) expect(await storage.getRecord(`any/${name}`)).toBe(name)
    const { records } = await storage.listRecords('any', { page: 1, pageSize: 0 })
    expect(records.map(({ value }) => value).toSorted()).toEqual(names.toSorted())
    for (const name of names) await storage.putRecord(`any/${name}`, null)
    expect(await storage.listRecords('any', { page: 1, pageSize: 0 })).toEqual({ records: [], count: 0 })
  })
}
