import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startRedisServer } from '../support/redis-server.ts'
import { type Api, listTasks, type TaskJson } from './support/api-client.ts'
import { makeDir, runCrew, startCrew } from './support/crew.ts'
import { type RecordingWorker, startWorker } from './support/recording-worker.ts'
import { eventually } from './support/waiting.ts'
import { makeGroup } from './support/world.ts'

const GROUPS = 8
const MIN_BEFORE = 200
const MIN_DURING = 10

/** Each task of a client has two children that its answer makes. */
function startMaker(): Promise<RecordingWorker> {
  return startWorker(({ worker }) => ({
    delayMs: 5,
    body: worker === 'leaf' ? {} : { children: [{ worker: 'leaf' }, { worker: 'leaf' }] },
  }))
}

/** Creates tasks one after the other over a few connections, and knows which were acknowledged. */
class Creating {
  readonly acknowledged: { readonly id: string; readonly groupId: string }[] = []
  #isOver = false
  readonly #lanes: Promise<void>[]

  constructor(api: Api, groupIds: readonly string[]) {
    this.#lanes = groupIds.map((groupId) => this.#create(api, groupId))
  }

  async #create(api: Api, groupId: string): Promise<void> {
    for (let made = 0; !this.#isOver; made++) {
      const parents = this.acknowledged.findLast((task) => task.groupId === groupId)
      const parentIds = made % 3 === 0 && parents ? [parents.id] : []
      const body = { worker: 'maker', input: { made }, parentIds }
      const { id } = await api.post<TaskJson>(`/api/v1/task_group/${groupId}/tasks`, body)
      this.acknowledged.push({ id, groupId })
    }
  }

  reached(count: number): Promise<true> {
    return eventually('tasks are acknowledged', () => this.acknowledged.length >= count || null)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }
}

interface Stores {
  /** Of the server under load, and of the one that is restored. */
  readonly from: string
  readonly to: string
  readonly file: string
}

/** A backup while a server works, a restore elsewhere, and a server on that. */
async function backUpAndRestore(dir: string, { from, to, file }: Stores, flags: readonly string[] = []): Promise<void> {
  const worker = await startMaker()
  const env = { CREW_WORKER_BASE_URL: worker.url, CREW_LOG_LEVEL: 'error' }
  const first = await startCrew({ dir, env: { ...env, CREW_STORAGE: from } })
  const groups = await Promise.all(Array.from({ length: GROUPS }, () => makeGroup(first.api)))
  const groupIds = groups.map(({ id }) => id)
  const creating = new Creating(first.api, groupIds)
  await creating.reached(MIN_BEFORE)
  const before = creating.acknowledged.slice()
  const backup = await runCrew({ dir, args: ['backup', file, '--storage', from, ...flags] })
  expect(backup).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`Wrote ${file}: .* ${GROUPS} groups, \\d+ tasks`),
  })
  await creating.reached(before.length + MIN_DURING)
  await creating.stop()
  const onLive = await runCrew({ dir, args: ['fsck', '--storage', from] })
  expect(onLive).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing found') })
  first.term()
  expect(await first.ended).toBe(0)

  const restored = await runCrew({ dir, args: ['restore', file, '--storage', to] })
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('crew fsck finds nothing') })
  const checked = await runCrew({ dir, args: ['fsck', '--storage', to, '-o', 'json'] })
  expect(JSON.parse(checked.stdout)).toMatchObject({ isClean: true, count: { groups: GROUPS } })

  const second = await startCrew({ dir, env: { ...env, CREW_STORAGE: to } })
  await everythingSucceeded(second.api, groupIds)
  const found = (await Promise.all(groupIds.map((id) => listTasks(second.api, id)))).flat()
  const ids = new Set(found.map(({ id }) => id))
  expect(before.filter(({ id }) => !ids.has(id))).toEqual([])
  expect(faultsOfContinuations(found)).toEqual([])
  second.term()
  expect(await second.ended).toBe(0)
  expect(await runCrew({ dir, args: ['fsck', '--storage', to] })).toMatchObject({ code: 0 })
}

async function everythingSucceeded(api: Api, groupIds: readonly string[]): Promise<void> {
  for (const id of groupIds) {
    await eventually(`group ${id} has succeeded`, async () => {
      const { state } = await api.get<{ state: string }>(`/api/v1/task_group/${id}`)
      return state === 'succeeded'
    })
  }
}

/** Each task that a client made has the two that its answer makes: none is lost, and none is there twice. */
function faultsOfContinuations(tasks: readonly TaskJson[]): string[] {
  const leaves = tasks.filter(({ worker }) => worker === 'leaf')
  const makers = tasks.filter(({ worker }) => worker === 'maker')
  return makers.flatMap(({ id }) => {
    const count = leaves.filter(({ parentIds }) => parentIds.includes(id)).length
    return count === 2 ? [] : [`task ${id} has ${count} leaves`]
  })
}

describe('what was acknowledged before a backup under load began is restored, and goes on', () => {
  test('on SQLite', async () => {
    await backUpAndRestore(makeDir(), { from: 'sqlite:crew.db', to: 'sqlite:restored.db', file: 'backup.db' })
  })

  test('on Redis', async () => {
    const redis = await startRedisServer({ isOwn: true, appendonly: 'everysec' })
    onTestFinished(() => redis.stop())
    await backUpAndRestore(makeDir(), { from: redis.url, to: `${redis.url}/1`, file: 'backup.jsonl.gz' })
  })

  test('from SQLite to Redis, as lines', async () => {
    const redis = await startRedisServer({ isOwn: true, appendonly: 'everysec' })
    onTestFinished(() => redis.stop())
    const stores = { from: 'sqlite:crew.db', to: redis.url, file: 'backup.jsonl' }
    await backUpAndRestore(makeDir(), stores, ['--format', 'jsonl'])
  })
})

describe('what cannot be done is refused in a sentence, and changes nothing', () => {
  async function withBackup(): Promise<string> {
    const dir = makeDir()
    const crew = await startCrew({ dir })
    await makeGroup(crew.api)
    crew.term()
    await crew.ended
    for (const [file, format] of [
      ['backup.db', 'sqlite'],
      ['backup.jsonl', 'jsonl'],
      ['backup.jsonl.gz', 'jsonl'],
    ] as const)
      expect((await runCrew({ dir, args: ['backup', file, '--format', format] })).code).toBe(0)
    return dir
  }

  test('a restore', async () => {
    const dir = await withBackup()
    const refused = async (sentence: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runCrew({ dir, args: ['restore', ...args] })
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^crew: [^\n]+\n$/)
      expect(stderr).toContain(sentence)
      expect(existsSync(join(dir, 'new.db'))).toBe(false)
    }
    const target = ['--storage', 'sqlite:new.db']
    const whole = readFileSync(join(dir, 'crew.db'))
    await refused('crew.db exists already: name another file', 'backup.db')
    await refused('does not say which file', ...target)
    await refused('nope.db does not exist', 'nope.db', ...target)
    await refused('. is a folder', '.', ...target)
    await refused('CREW_STORAGE is "memory"', 'backup.db', '--storage', 'memory')
    await refused('cannot be written', 'backup.db', '--storage', 'sqlite:nowhere/new.db')
    writeFileSync(join(dir, 'foreign'), 'something else\n')
    await refused('foreign is no backup of Crew', 'foreign', ...target)
    truncateSync(join(dir, 'backup.jsonl.gz'), 300)
    await refused('cut short or damaged', 'backup.jsonl.gz', ...target)
    appendFileSync(join(dir, 'backup.jsonl'), '{"kind":"group"}\n')
    await refused('its last line is missing', 'backup.jsonl', ...target)
    truncateSync(join(dir, 'backup.db'), 20_000)
    await refused('malformed', 'backup.db', ...target)
    expect(readFileSync(join(dir, 'crew.db'))).toEqual(whole)
  })

  test('a restore into a Redis that holds anything of Crew', async () => {
    const dir = await withBackup()
    const redis = await startRedisServer({ isOwn: true, appendonly: 'everysec' })
    onTestFinished(() => redis.stop())
    await redis.command('SET', '{c0}rec:worker/mine', '0 {"url":"http://mine"}')
    const again = await runCrew({ dir, args: ['restore', 'backup.jsonl', '--storage', redis.url] })
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toContain(
      'is not empty, it holds settings or users: name an empty database, or empty that one.',
    )
    expect(await redis.command('GET', '{c0}rec:worker/mine')).toBe('0 {"url":"http://mine"}')
  })

  test('a restore where a server works, also with --force; without one what was there is kept', async () => {
    const dir = await withBackup()
    const crew = await startCrew({ dir })
    const { stderr } = await runCrew({ dir, args: ['restore', 'backup.db', '--force'] })
    expect(stderr).toBe('crew: crew.db is in use by a server: stop it before a backup is restored there.\n')
    crew.term()
    await crew.ended
    const { code, stdout } = await runCrew({ dir, args: ['restore', 'backup.db', '--force'] })
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Restored 1 group, 0 tasks') })
    const [, kept = ''] = /What was there is kept as (\S+)\.\n/.exec(stdout) ?? []
    expect(await runCrew({ dir, args: ['fsck', '--storage', `sqlite:${kept}`] })).toMatchObject({ code: 0 })
  })

  test('a store whose counters are wrong is told line by line, and one that is restored from lines is right again', async () => {
    const dir = await withBackup()
    const db = new DatabaseSync(join(dir, 'crew.db'))
    db.exec('UPDATE task_group SET waiting = 7')
    db.close()
    const { code, stdout } = await runCrew({ dir, args: ['fsck'] })
    expect(code).toBe(1)
    expect(stdout).toMatch(/^group \S+: waiting is 7, a full scan says 0: write a backup with --format jsonl/)
    expect(stdout).toMatch(/Found \d faults? in 1 group, 0 tasks and \d records?, looked at in/)
    const told = JSON.parse((await runCrew({ dir, args: ['fsck', '-o', 'json'] })).stdout)
    expect(told).toMatchObject({
      isClean: false,
      faults: expect.arrayContaining([
        expect.objectContaining({ kind: 'group', what: 'waiting', expected: '0', found: '7' }),
      ]),
    })
    expect((await runCrew({ dir, args: ['backup', 'mended.jsonl', '--format', 'jsonl'] })).code).toBe(0)
    const restored = await runCrew({ dir, args: ['restore', 'mended.jsonl', '--storage', 'sqlite:mended.db'] })
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('crew fsck finds nothing') })
  })

  test('a backup', async () => {
    const dir = await withBackup()
    const refused = async (sentence: string, ...args: string[]) => {
      const { code, stderr } = await runCrew({ dir, args: ['backup', ...args] })
      expect({ code, sentence: stderr.includes(sentence) ? sentence : stderr }).toEqual({ code: 2, sentence })
    }
    await refused('backup.db exists already: name another file, or add --force', 'backup.db')
    await refused('its folder does not exist', 'nowhere/backup.db')
    await refused('. is a folder', '.', '--force')
    await refused('crew.db belongs to the storage that is backed up', 'crew.db', '--force')
    await refused('crew.db belongs to the storage that is backed up', 'crew.db', '--force', '--format', 'jsonl')
    await refused('crew.db-lock belongs to the storage that is backed up', 'crew.db-lock', '--force')
    await refused('nope.db does not exist', 'new.db', '--storage', 'sqlite:nope.db')
    await refused('which only its server can look into', 'new.db', '--storage', 'memory')
    await refused('it is sqlite or jsonl', 'new.db', '--format', 'xml')
    expect((await runCrew({ dir, args: ['backup', 'backup.db', '--force'] })).code).toBe(0)
  })
})
