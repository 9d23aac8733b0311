import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { makeDir, runCrew, startCrew, TOKEN } from './support/crew.ts'
import { startWorker } from './support/recording-worker.ts'

const ends: (() => void | Promise<void>)[] = []
const until = (end: () => void | Promise<void>): void => void ends.push(end)
let url = ''
let dir = ''

beforeAll(async () => {
  const worker = await startWorker(
    ({ worker, body }) => (worker === 'fails' ? { status: 500, body: { error: 'no luck' } } : { body: echoOf(body) }),
    until,
  )
  dir = makeDir(until)
  const env = { CREW_WORKER_BASE_URL: worker.url, CREW_STORAGE: 'memory', CREW_LOG_LEVEL: 'error' }
  url = (await startCrew({ dir, env, until })).url
})

/** The input, digit for digit. */
const echoOf = (body: Buffer): string =>
  `{"output":${/^\{"input":(.*?),"worker":/.exec(body.toString('utf8'))?.[1] ?? null}}`

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

interface Given {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

const crew = (line: string, { stdin, env }: Given = {}) =>
  runCrew({
    dir,
    args: line.split(' '),
    env: { CREW_URL: url, CREW_TOKEN: TOKEN, ...env },
    ...(stdin !== undefined && { stdin }),
  })

/** What a line prints that must work. */
async function out(line: string, given: Given = {}): Promise<string> {
  const { code, stdout, stderr } = await crew(line, given)
  expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' })
  return stdout
}

const json = async (line: string, given: Given = {}) => JSON.parse(await out(`${line} -o json`, given))

test('a group is created with one task, waited for, looked at and deleted', async () => {
  const input = '{"n":12345678901234567890,"b":[]}'
  expect(await out(`group create --id one --worker echo --input ${input} --wait -o id`)).toBe('one\n')
  expect(await json('group get one')).toMatchObject({ id: 'one', state: 'succeeded' })
  const id = (await out('task list --group one -o id')).trim()
  expect(await out(`task input ${id}`)).toBe(`${input}\n`)
  expect(await out(`task output ${id}`)).toContain('"b":[]')
  expect(await out(`task why ${id}`)).toContain('succeeded')
  expect(await out(`task curl ${id}`)).toContain(`"input":${input}`)
  expect(await json(`task attempts ${id}`)).toMatchObject({ attempts: [{ outcome: 'succeeded' }] })
  expect(await out('group list')).toMatch(/^ID +NAME +STATE .*\n(.*\n)*one +succeeded +100 %/)
  expect(await out('group update one --name renamed -o jsonl')).toContain('"name":"renamed"')
  expect(await out('group delete one')).toBe('one\n')
  expect(await crew('group get one')).toMatchObject({ code: 3, stdout: '' })
})

const graph = JSON.stringify({
  id: 'graph',
  tasks: [
    { id: 'g-a', worker: 'fails', remainingAttempts: 1 },
    { id: 'g-b', worker: 'echo', parentIds: ['g-a'] },
    { id: 'g-c', worker: 'echo' },
  ],
})

test('a graph from stdin fails with 1, and ids flow from one command to the next', async () => {
  const made = await crew('group create --file - --wait', { stdin: graph })
  expect(made).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('crew: Group graph failed: see crew task list --group graph --state failed.'),
  })
  expect(await crew('group watch graph')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^ID .*\ngraph .*failed/),
  })
  expect(await out('group why graph')).toContain('no_attempts_left')
  const failed = await out('task list --group graph --state failed -o id')
  expect(failed).toBe('g-a\n')
  expect(await out('task update - --worker echo -o id', { stdin: failed })).toBe('g-a\n')
  expect(await out('task retry - --wait -o id', { stdin: failed })).toBe('graph\n')
  expect(await out('group reset graph --wait -o id')).toBe('graph\n')
})

test('tasks are paused, resumed, run now, copied, reset and deleted', async () => {
  await out('group create --id t --paused')
  const create = 'task create --group t --worker echo --id'
  expect(await out(`${create} t-a --run-after 2099-01-01T00:00:00Z --metadata shop=7`)).toContain('2099-01-01')
  await out(`${create} t-b --parents t-a --priority 3`)
  expect(await json('task pause t-b')).toMatchObject({ isPaused: true, priority: 3 })
  expect(await json('task resume t-b')).toMatchObject({ isPaused: false })
  expect(await json('task run-now t-a')).toMatchObject({ runAfter: '0001-01-01T00:00:00Z' })
  expect(await out('task copy t-a')).toContain('Copy of')
  expect(await out('task reset t-a t-b --attempts 2 --yes -o id')).toBe('t-a\nt-b\n')
  expect(await out('task reset --group t --state paused --dry-run')).toMatch(/^reset 2 tasks: 2 paused\n/)
  expect(await out('task retry --group t --worker echo --yes')).toMatch(/ retry +tasks +finished +2 +2 +0 +0 /)
  expect((await json('bulk list')).operations).toHaveLength(1)
  expect(await out('task delete t-b t-a --yes')).toBe('t-b\nt-a\n')
})

test('workers, workgroups and schedules are set, held, tried and let go', async () => {
  expect(await json('worker set echo --max-concurrent 3 --rate 100/60')).toMatchObject({
    maxConcurrent: 3,
    rateLimit: { count: 100 },
  })
  expect(await json('worker pause echo --reason lunch')).toMatchObject({ isPaused: true, holdReason: 'lunch' })
  expect(await json('worker resume echo')).toMatchObject({ isPaused: false })
  expect(await out('worker test echo --input 7')).toContain('outcome: succeeded')
  expect(await out('worker list --search ech -o id')).toBe('echo\n')
  expect(await out('worker delete echo')).toBe('echo\n')
  expect(await json('workgroup hold shop --seconds 60 --reason quota')).toMatchObject({ isHeld: true })
  expect(await out('workgroup list')).toMatch(/\nshop +true .*quota/)
  expect(await json('workgroup resume shop')).toMatchObject({ isHeld: false })
  expect((await json('workgroup holds shop')).holds).toHaveLength(1)
  expect(await out('schedule create nightly --cron @daily --worker echo -o id')).toBe('nightly\n')
  expect(await out('schedule run nightly --wait')).toContain('succeeded')
  expect(await json('schedule pause nightly')).toMatchObject({ isPaused: true })
  expect(await json('schedule resume nightly')).toMatchObject({ isPaused: false })
  expect(await out('schedule next nightly --count 2')).toMatch(/^AT .*\n.*T00:00.*\n.*T00:00/)
  expect(await out('schedule delete nightly')).toBe('nightly\n')
})

test('a token is made, used, listed without its secret, and revoked', async () => {
  const { id, secret } = await json('token create --name ci --role viewer')
  const env = { CREW_TOKEN: secret }
  expect(await out('group list -o id', { env })).toContain('t\n')
  expect(await crew('group create', { env })).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('(forbidden)'),
  })
  expect(await out('token list')).not.toContain(secret)
  expect(await out(`token revoke ${id}`)).toBe(`${id}\n`)
  expect(await crew('group list', { env })).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringContaining('--token or CREW_TOKEN'),
  })
})

test('errors of tasks are listed, and tried again by what they have in common', async () => {
  await crew('group create --id errs --wait --file -', {
    stdin: '[{"id":"e-a","worker":"fails","remainingAttempts":1}]',
  })
  expect(
    await crew('group create --id errors --wait --file -', {
      stdin: '[{"id":"e-b","worker":"fails","remainingAttempts":1}]',
    }),
  ).toMatchObject({ code: 1 })
  const [{ fingerprint }] = (await json('error list --group errors')).errors
  expect(await json(`error get ${fingerprint} --group errors`)).toMatchObject({ tasks: [{ id: 'e-b' }] })
  expect(await out(`task retry --group errors --error ${fingerprint} --dry-run`)).toMatch(
    /^retry 1 task: 1 failed\n {2}e-b/,
  )
})

test('who waits too long gets 6 and how it stands', async () => {
  await out('group create --id waits --paused --worker echo')
  expect(await crew('group watch waits --timeout 0.3 -o id')).toMatchObject({
    code: 6,
    stdout: 'waits\n',
    stderr: expect.stringContaining('is still paused'),
  })
})

test('what cannot be done has its exit code, and a sentence on stderr alone', async () => {
  const nowhere = `http://127.0.0.1:${await freePort()}`
  const wrong = async (line: string, given: Given = {}) => {
    const { code, stdout, stderr } = await crew(line, given)
    expect({ line, stdout, isCrew: stderr.startsWith('crew: ') }).toEqual({ line, stdout: '', isCrew: true })
    expect(stderr).not.toMatch(/\n {4}at /)
    return code
  }
  expect(await wrong('task get nosuch')).toBe(3)
  expect(await wrong('group list --token wrong')).toBe(4)
  expect(await wrong('group create --id waits')).toBe(5)
  expect(await wrong('task create --group waits --worker ../x')).toBe(2)
  expect(await wrong('group delete waits errs')).toBe(2)
  expect(await wrong('group lst')).toBe(2)
  expect(await wrong(`group list --url ${nowhere}`)).toBe(1)
  expect(await crew('group get waits nosuch -o id')).toMatchObject({ code: 7, stdout: 'waits\n' })
})
