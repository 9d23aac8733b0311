import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import type { CountedGroup } from '../../server/core/task-group.ts'
import { systemClock } from '../../server/system-clock.ts'
import { openSqliteStorage } from '../../storage/sqlite/sqlite-storage.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { crewGoGroup, crewGoTask } from '../support/crew-go.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { readTask } from './support/api-client.ts'
import { launch, makeDir, runCrew, startCrew } from './support/crew.ts'
import { layOutStore } from './support/crew-go-store.ts'
import { startWorker } from './support/recording-worker.ts'
import { eventually, once } from './support/waiting.ts'

const INPUT = '{"big":12345678901234567890,"z":1.0,"a":[ ],"html":"\\u003cb\\u003e"}'

const groups = [
  crewGoGroup({ id: 'g', name: 'nightly' }),
  crewGoGroup({ id: 'held', name: 'held', isPaused: true }),
  crewGoGroup({ id: 'bad group', name: 'its id is not taken' }),
]
const tasks = [
  crewGoTask({ id: 'done', isComplete: true, isSeed: true, output: INPUT }),
  crewGoTask({ id: 'busy', busyExecuting: true, workgroup: 'ads', input: INPUT, parentIds: ['done', 'gone'] }),
  crewGoTask({ id: 'left', key: 'same', parentIds: ['busy'], errors: ['status 500'], remainingAttempts: 3 }),
  crewGoTask({ id: 'right', key: 'same', parentIds: ['busy'] }),
  crewGoTask({ id: 'join', parentIds: ['left', 'right'] }),
  crewGoTask({ id: 'failed', remainingAttempts: 0, errors: ['status 500'] }),
  crewGoTask({ id: 'behind', parentIds: ['failed'] }),
  crewGoTask({ id: 'later', runAfter: '2999-01-01T00:00:00+01:00' }),
  crewGoTask({ id: 'own-pause', isPaused: true }),
  crewGoTask({ id: 'waits', taskGroupId: 'held' }),
  crewGoTask({ id: 'of-bad-group', taskGroupId: 'bad group' }),
  crewGoTask({ id: 'stray', taskGroupId: 'nowhere' }),
  crewGoTask({ id: 'no-worker', worker: '' }),
  { id: 'torn', text: '{"id":"torn","taskGroupId":"g"' },
]

const LAST_LINES = `import 2 groups with 10 tasks (1 complete, 7 unfinished, 2 paused).
1 task of these was executing, and will be POSTed again.
1 task of these has no attempts left: retry or reset what shall go on.
Skipped 1 group.
Skipped 4 tasks: `

async function startRedis(config: Record<string, string> = {}): Promise<RedisServer> {
  const redis = await startRedisServer({ appendonly: 'no', config })
  onTestFinished(() => redis.stop())
  return redis
}

async function startStore(): Promise<{
  redis: RedisServer
  dir: string
  importing: (...args: string[]) => Promise<Ran>
}> {
  const redis = await startRedis()
  await layOutStore(redis, groups, tasks)
  const dir = makeDir()
  return {
    redis,
    dir,
    importing: (...args) => runCrew({ dir, args: ['import', 'crew-go', '--from', redis.url, ...args] }),
  }
}

type Ran = { readonly code: number | string; readonly stdout: string; readonly stderr: string }

/** The lines in one order: a scan has none. */
const linesOf = ({ stdout }: Ran): string[] => stdout.trim().split('\n').sort()

const fingerprintIn = (dir: string): Promise<string> =>
  within(dir, async (storage) => {
    const { faults, fingerprint } = await storage.audit()
    expect(faults).toEqual([])
    return fingerprint
  })

const groupIn = (dir: string): Promise<CountedGroup | null> => within(dir, (storage) => storage.getGroup('g'))

async function within<Result>(dir: string, look: (storage: TaskStorage) => Promise<Result>): Promise<Result> {
  const storage = await openSqliteStorage({ path: join(dir, 'crew.db'), clock: systemClock })
  try {
    return await look(storage)
  } finally {
    await storage.close()
  }
}

/** Twenty commits. */
const MANY = 20_000
const A_PART_BYTES = 2 * 1024 * 1024

test('what crew-go left unfinished runs to its end, and the rest is as it was', async () => {
  const { dir, importing } = await startStore()
  const imported = await importing()
  expect(imported).toMatchObject({ code: 0, stderr: '' })
  expect(imported.stdout).toContain(LAST_LINES.replace('import', 'Imported'))

  const worker = await startWorker(({ taskId }) => ({ body: { output: `of ${taskId}` } }))
  const { api } = await startCrew({ dir, env: { CREW_WORKER_BASE_URL: worker.url } })
  await eventually('join is complete', async () => (await readTask(api, 'join')).isComplete)

  const posted = worker.deliveries.map(({ taskId }) => taskId)
  expect(posted).toEqual(['busy', expect.stringMatching(/^(left|right)$/), 'join'])
  const [busy] = worker.of('busy')
  expect(busy?.body.toString()).toContain(`{"input":${INPUT},`)
  expect(busy?.body.toString()).toContain(`"parents":[{"taskId":"done","worker":"w","input":null,"output":${INPUT}}]`)
  const states = await Promise.all(['failed', 'behind', 'later', 'own-pause', 'waits'].map((id) => readTask(api, id)))
  expect(states.map(({ id, state }) => [id, state])).toEqual([
    ['failed', 'failed'],
    ['behind', 'blocked'],
    ['later', 'scheduled'],
    ['own-pause', 'paused'],
    ['waits', 'paused'],
  ])
  expect(await readTask(api, 'left')).toMatchObject({ errors: ['status 500'], createdAt: '2023-05-01T10:00:00.123Z' })
  expect(await api.get('/api/v1/task_group/held')).toMatchObject({ name: 'held', isPaused: true, metadata: {} })
})

test('into a Redis it brings the same, once, and the work goes on there', async () => {
  const { dir, redis, importing } = await startStore()
  const target = await startRedisServer({ appendonly: 'everysec' })
  onTestFinished(() => target.stop())
  const into = ['--storage', target.url]
  const imported = await importing(...into)
  expect(imported).toMatchObject({ code: 0, stderr: '' })
  expect(imported.stdout).toContain(LAST_LINES.replace('import', 'Imported'))
  expect((await importing(...into)).stdout).toContain('Imported 0 groups with 0 tasks')
  await redis.stop()

  const worker = await startWorker(({ taskId }) => ({ body: { output: `of ${taskId}` } }))
  const env = { CREW_WORKER_BASE_URL: worker.url, CREW_STORAGE: target.url }
  const { api } = await startCrew({ dir, env })
  await eventually('join is complete', async () => (await readTask(api, 'join')).isComplete)
  expect(worker.deliveries).toHaveLength(3)
  expect(worker.of('busy')[0]?.body.toString()).toContain(`{"input":${INPUT},`)
})

test('a dry run tells everything and changes nothing', async () => {
  const { dir, importing } = await startStore()
  const tried = await importing('--dry-run')
  expect(tried.stdout).toContain(LAST_LINES.replace('import', 'Would import'))
  expect(linesOf(tried)).toEqual(
    expect.arrayContaining([
      'group g "nightly": 9 tasks (1 complete, 7 unfinished, 1 paused)',
      'group held "held": 1 task (0 complete, 0 unfinished, 1 paused)',
      'group bad group is skipped: id: expected 1 to 128 of A-Z a-z 0-9 . _ : -',
      'task busy: its parent "gone" does not exist any more and is left out',
      'task no-worker is skipped: worker: expected a worker name: 1 to 256 of A-Z a-z 0-9 . _ ~ / -, no "..", no leading "/"',
      'task stray is skipped: its group "nowhere" does not exist',
      `task torn is skipped: JSON is malformed: expected ',' or '}', found the end of the text at line 1, column 31`,
    ]),
  )
  expect(existsSync(join(dir, 'crew.db'))).toBe(false)

  const before = await fingerprintIn(dir)
  expect(linesOf(await importing('--dry-run'))).toEqual(linesOf(tried))
  expect(await fingerprintIn(dir)).toBe(before)
})

test('a second import finds everything there', async () => {
  const { dir, importing } = await startStore()
  await importing()
  const before = await fingerprintIn(dir)
  const again = await importing()
  expect(again.stdout).toContain('Imported 0 groups with 0 tasks (0 complete, 0 unfinished, 0 paused).\n')
  expect(again.stdout).toContain('Left alone 2 groups that Crew has already.\n')
  expect(await fingerprintIn(dir)).toBe(before)
})

test('nothing but reads is asked of the store of crew-go, in steps', async () => {
  const { redis, importing } = await startStore()
  await redis.command('CONFIG', 'RESETSTAT')
  await importing()
  const statistics = String(await redis.command('INFO', 'commandstats'))
  const commands = [...statistics.matchAll(/^cmdstat_([^:|]+)/gm)].map(([, name]) => name)
  const ofTheTest = ['client', 'config', 'hello', 'info']
  expect(commands.filter((name) => !ofTheTest.includes(String(name))).sort()).toEqual([
    ...['dbsize', 'mget', 'ping', 'scan', 'select'],
  ])
})

test('an import that is killed leaves a large group paused, and the next one does it again', async () => {
  const redis = await startRedis()
  const many = Array.from({ length: MANY }, (_, index) =>
    crewGoTask({ id: `t${index}`, parentIds: index > 0 ? ['t0'] : [] }),
  )
  await layOutStore(redis, [crewGoGroup({ id: 'g' })], many)
  // On a machine that stalls an import may be over before it is killed: another one has a middle.
  const { start, group } = await once(
    async () => {
      const start = { dir: makeDir(), args: ['import', 'crew-go', '--from', redis.url] }
      const process = launch(start)
      const log = join(start.dir, 'crew.db-wal')
      await eventually('a part is stored', () => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > A_PART_BYTES)
      await process.kill9()
      return { start, group: await groupIn(start.dir) }
    },
    ({ group }) => group?.isPaused === true,
  )
  expect(group).toMatchObject({ isPaused: true, metadata: { 'crew.import': 'not finished' } })

  const { stdout } = await runCrew(start)
  expect(stdout).toBe(`Imported 1 group with ${MANY} tasks (0 complete, ${MANY} unfinished, 0 paused).\n`)
  expect(await groupIn(start.dir)).toMatchObject({
    isPaused: false,
    metadata: {},
    counts: { waiting: 1, blocked: MANY - 1 },
  })
})

test('a line that is cut half-way is one sentence, and the next import does the rest', async () => {
  const redis = await startRedis()
  await layOutStore(redis, groups, tasks)
  const proxy = await TcpProxy.start(redis)
  onTestFinished(() => proxy.close())
  const start = { dir: makeDir(), args: ['import', 'crew-go', '--from', `redis://127.0.0.1:${proxy.port}`] }
  const isFirstRead = (request: Buffer): boolean => request.includes('mget') && request.includes('go-crew/tasks/')
  const cut = proxy.swallowNextReply(isFirstRead)
  const { code, stdout } = await runCrew(start)
  await cut
  expect(code).toBe(1)
  expect(stdout).toMatch(
    /^Redis at 127\.0\.0\.1:\d+ stopped answering \(.+\): run the import again, it goes on where it stopped\.\n$/,
  )
  expect((await runCrew(start)).stdout).toContain(LAST_LINES.replace('import', 'Imported'))
})

test('what is wrong with the store of crew-go is one sentence', async () => {
  const redis = await startRedis({ requirepass: 'right' })
  const at = `127.0.0.1:${redis.port}`
  const client = new Redis({ port: redis.port, password: 'right', db: 3 })
  await client.set('go-crew/task-groups/g', '{}')
  client.disconnect()
  const tryFrom = (from: string) => runCrew({ dir: makeDir(), args: ['import', 'crew-go', '--from', from] })

  expect(await tryFrom(`redis://${at}`)).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: `crew: Redis at ${at} asks for a password: write --from redis://:PASSWORD@${at}/1.\n`,
  })
  const wrong = await tryFrom(`redis://:wr%6fng@${at}`)
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`Redis at ${at} refuses the login (WRONGPASS`),
  })
  expect(wrong.stderr).not.toContain('wrong@')
  expect(await tryFrom(`redis://:right@${at}/99`)).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining(`Redis at ${at} does not open database 99 (ERR`) },
  })
  expect(await tryFrom(`redis://:right@${at}`)).toEqual({
    ...{ code: 1, stderr: '' },
    stdout: `redis://${at}/1 holds no groups of crew-go: end --from with the number of the database it used (keys there: 1 in database 3).\n`,
  })
  await redis.kill()
  expect(await tryFrom(`redis://:right@${at}`)).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining(`No Redis answers at ${at} (connect ECONNREFUSED`) },
  })
})
