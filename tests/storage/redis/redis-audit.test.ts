import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { sentenceOf } from '../../../server/core/fault.ts'
import { StorageOpenError } from '../../../storage/open-storage.ts'
import { dumpPartition } from '../../../storage/redis/dump.ts'
import { openRedisStorage } from '../../../storage/redis/open-redis-storage.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import type { ScriptRunner } from '../../../storage/redis/script-runner.ts'
import { composeScripts } from '../../../storage/redis/scripts.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import { redisStore } from '../redis-factory.ts'
import { makeEveryState, openStorageWorld, type StorageWorld } from '../storage-world.ts'

const started = startRedisServer()
afterAll(async () => (await started).stop())

const factory = redisStore(async () => {
  const server = await started
  return { url: server.url, empty: () => server.command('FLUSHDB') }
})

let world: StorageWorld
let ids: Record<string, string>
beforeEach(async () => {
  world = await openStorageWorld(factory)
  ids = Object.fromEntries(Object.entries(await makeEveryState(world)).map(([state, { id }]) => [state, id]))
  return () => world.close()
})

const openReader = async () => {
  const address = parseRedisUrl({ text: (await started).url })
  return openRedisStorage({ address, clock: world.clock, time: 'clock', bootId: 'reader', isReadOnly: true })
}

async function check(): Promise<string> {
  const reader = await openReader()
  const { faults } = await reader.audit()
  await reader.close()
  return faults.map(sentenceOf).join('\n')
}

describe('what a check of a Redis finds', () => {
  test.each([
    ['a counter of a group', (group: string) => ['HINCRBY', `{c0}g:${group}`, 'failed', '1'], 'failed: its count is 2'],
    ['a lost task of a list', (group: string) => ['ZPOPMIN', `{c0}gt:${group}`], 'index groupTasks of'],
    ['a lease that is in no list', () => ['DEL', '{c0}leases'], 'index leases: '],
    ['a group in no list', (group: string) => ['ZREM', '{c0}groups', group], 'its place in the list of groups'],
    ['a hold without its end', () => ['DEL', '{c0}hold-end:workgroup'], 'ends of holds on workgroups'],
    ['a name that is forgotten', () => ['DEL', '{c0}names:worker'], 'name names of workers: '],
    ['a task that is tried again, in no list', () => ['DEL', '{c0}trying'], 'index trying: '],
    [
      'the kind of an error',
      () => ['HSET', `{c0}t:${ids.retrying}`, 'errorKind', 'abc 2'],
      'the kind of its error is abc',
    ],
    ['an input of no task', () => ['SET', '{c0}i:gone', '1'], 'row gone: its input is there'],
  ])('%s', async (_, corrupt, sentence) => {
    expect(await check()).toBe('')
    const { groupId } = await world.load({ id: ids.ready as string })
    await (await started).command(...(corrupt(groupId) as [string, ...string[]]))
    expect(await check()).toContain(sentence)
  })

  test('a countdown', async () => {
    await (await started).command('HSET', `{c0}t:${ids.blocked}`, 'unfinished', '4')
    expect(await check()).not.toBe('')
  })
})

test('a record that comes while the store is read is found with its index', async () => {
  await world.storage.putRecord('figures/first', '{}')
  const server = await started
  const scripts = composeScripts()
  let reads = 0
  const runner: ScriptRunner = {
    run: async (script, tag, args) => {
      // The keys are listed by then, and this one is not among them.
      if (script === 'dump' && ++reads === 1) await world.storage.putRecord('figures/second', '{}')
      return server.command('EVAL', scripts[script], '1', tag, ...args.map(String))
    },
    command: (name, key, ...args) => server.command(name, key, ...args.map(String)),
    scan: async (tag) => ({ cursor: '0', keys: (await server.command('KEYS', `${tag}*`)) as string[] }),
  }
  const dump = await dumpPartition(runner, '{c0}')
  expect(dump.get('recordKeys')?.get('figures')).toEqual(
    new Map([
      ['figures/first', '0'],
      ['figures/second', '0'],
    ]),
  )
  expect(dump.get('record')?.keys()).toContain('figures/second')
  expect(reads).toBe(2)
})

test('a look at a store writes nothing to it, and begins none where there is none', async () => {
  const server = await started
  const before = await world.fingerprint()
  const size = await server.command('DBSIZE')
  await check()
  expect(await server.command('DBSIZE')).toEqual(size)
  expect(await world.fingerprint()).toBe(before)
  await server.command('FLUSHDB')
  await expect(openReader()).rejects.toThrow(StorageOpenError)
  await expect(openReader()).rejects.toThrow('holds no store of Crew')
  expect(await server.command('DBSIZE')).toEqual(0)
})
