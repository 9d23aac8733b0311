import { expect, test } from 'vitest'
import { SettingError } from '../../../server/settings/setting-error.ts'
import { crew, problem, type Reply } from './make-world.ts'

const task = (id: string) =>
  `{"id":"${id}","name":"n","worker":"w","state":"failed","remainingAttempts":0,"input":12345678901234567890}`
const byId: Reply = ({ path }) => [200, task(/task\/([^/?]+)/.exec(path)?.[1] ?? '')]

test('a body is made of flags, with payloads digit for digit', async () => {
  const line = [
    'task',
    'create',
    '--group',
    'g',
    '--worker',
    'w',
    '--input',
    '{"n": 12345678901234567890}',
    '--attempts',
    '3',
    '--metadata',
    'a=b,c=d=e',
    '--parents',
    'x,y',
    '--seed',
  ]
  const { calls } = await crew(line, { reply: () => [200, task('t')] })
  expect(calls).toEqual([
    {
      method: 'POST',
      path: '/api/v1/task_group/g/tasks',
      body: '{"worker":"w","input":{"n": 12345678901234567890},"remainingAttempts":3,"isSeed":true,"metadata":{"a":"b","c":"d=e"},"parentIds":["x","y"]}',
      token: 'Bearer token-of-the-test',
      key: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
  ])
})

test('what makes something has a key of its own, so that a request that is sent again makes it once', async () => {
  const keysOf = async (line: string) => (await crew(line.split(' '))).calls.map(({ key }) => key)
  const keys = await keysOf('task copy a b')
  expect(new Set(keys).size).toBe(2)
  expect(await keysOf('schedule run s')).toEqual([expect.any(String)])
  expect(await keysOf('task retry a')).toEqual([null])
})

test('a graph comes from a file or stdin, with flags on top; a list is its tasks', async () => {
  const create = ['group', 'create', '--name', 'mine', '--file']
  const sent = async (path: string, text: string) =>
    (await crew([...create, path], { files: { 'g.json': text }, stdin: text })).calls.map(({ path, body }) => [
      path,
      body,
    ])
  const graph = ['/api/v1/task_groups/graph']
  expect(await sent('g.json', '{"name":"x","tasks":[{"worker":"w"}]}')).toEqual([
    [...graph, '{"name":"mine","tasks":[{"worker":"w"}]}'],
  ])
  expect(await sent('-', '[{"worker":"w"}]')).toEqual([[...graph, '{"tasks":[{"worker":"w"}],"name":"mine"}']])
  expect(await sent('-', '{"id":"g"}')).toEqual([['/api/v1/task_groups', '{"id":"g","name":"mine"}']])
})

test('one task may be all of a group, or of what a schedule makes', async () => {
  const group = await crew(['group', 'create', '--worker', 'w', '--input', '@i'], { files: { i: '[1]' } })
  expect(group.calls[0]).toMatchObject({
    path: '/api/v1/task_groups/graph',
    body: '{"tasks":[{"worker":"w","input":[1]}]}',
  })
  const schedule = await crew(['schedule', 'create', 's', '--cron', '@daily', '--worker', 'w'])
  expect(schedule.calls[0]).toMatchObject({
    path: '/api/v1/schedule/s',
    body: '{"cron":"@daily","template":{"tasks":[{"worker":"w"}]}}',
  })
})

test('ids come from words and stdin, each once', async () => {
  const { calls, stdout, stderr, code } = await crew(['task', 'retry', 'a', '-', '-o', 'id'], {
    stdin: 'b\r\n\n a \nc',
    reply: byId,
  })
  expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual(
    ['a', 'b', 'c'].map((id) => `POST /api/v1/task/${id}/retry`),
  )
  expect({ stdout, stderr, code }).toEqual({ stdout: 'a\nb\nc\n', stderr: 'retry: 3 of 3 tasks done.\n', code: 0 })
})

test('no ids on stdin is nothing to do', async () => {
  expect(await crew(['task', 'retry', '-'])).toMatchObject({ code: 0, calls: [] })
})

test('at most eight calls are under way', async () => {
  const ids = Array.from({ length: 30 }, (_, i) => `t${i}`)
  const { calls, stdout } = await crew(['task', 'get', ...ids, '-o', 'id'], { reply: byId })
  expect(calls).toHaveLength(30)
  expect(stdout).toBe(ids.map((id) => `${id}\n`).join(''))
})

test.each([
  [400, 'invalid_json', 2],
  [401, 'unauthorized', 4],
  [403, 'forbidden', 4],
  [404, 'task_not_found', 3],
  [409, 'task_running', 5],
  [410, 'snapshot_expired', 5],
  [422, 'invalid_request', 2],
  [500, 'internal', 1],
  [503, 'storage_full', 1],
])('%d %s ends with %d, in words on stderr alone', async (status, word, exit) => {
  const { code, stdout, stderr } = await crew(['task', 'get', 't'], { reply: () => problem(status, word) })
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
  expect(stderr).toMatch(new RegExp(`^crew: task t: Title of ${word}\\. about ${word} \\(${word}\\)\n`))
})

test('the faults of a request have a line each', async () => {
  const [status, body] = problem(422, 'invalid_request', '/name: too long; /id: bad')
  const errors = [
    { pointer: '/name', detail: 'too long' },
    { pointer: '/id', detail: 'bad' },
  ]
  const { stderr } = await crew(['group', 'create'], {
    reply: () => [status, JSON.stringify({ ...JSON.parse(body), errors })],
  })
  expect(stderr).toBe('crew: Title of invalid_request. (invalid_request)\n  /name: too long\n  /id: bad\n')
})

test('some done and some not is 7, and all refused alike is as one', async () => {
  const reply: Reply = (call) => (call.path.includes('/bad') ? problem(404, 'task_not_found') : byId(call))
  expect(await crew(['task', 'get', 'good', 'bad'], { reply })).toMatchObject({
    code: 7,
    stdout: expect.stringContaining('good'),
  })
  expect(await crew(['task', 'get', 'bad1', 'bad2'], { reply })).toMatchObject({ code: 3, stdout: '' })
})

test('a server that is not there is one sentence', async () => {
  expect(await crew(['group', 'list'], { reply: () => null })).toMatchObject({
    code: 1,
    stdout: '',
    stderr:
      'crew: No Crew server answers at http://127.0.0.1:8090: is it running there? Else give its address with --url or CREW_URL.\n',
  })
})

test('what is no answer of Crew is shown without its control characters', async () => {
  const { code, stderr } = await crew(['group', 'list'], { reply: () => [502, '<h1>\x1b[2J\u202ebad</h1>'] })
  expect(code).toBe(1)
  expect(stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
})

test('names of a server move no cursor', async () => {
  const evil = JSON.stringify({ taskGroups: [{ id: 'g', name: '\x1b[2J\u009b\u202eevil\r\nline' }], count: 1 })
  const asTable = await crew(['group', 'list'], { reply: () => [200, evil], isTty: true, env: { NO_COLOR: '1' } })
  expect(asTable.stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  const asJson = await crew(['group', 'list', '-o', 'json'], {
    reply: () => [200, evil.replace('\\u009b', '\u009b')],
    isTty: true,
  })
  expect(asJson.stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  expect(JSON.parse(asJson.stdout)).toEqual(JSON.parse(evil))
})

test('json is what the server sent, and jsonl a line for each', async () => {
  const page = '{"tasks": [{"id":"a","input":{\n"n":1.0}},{"id":"b","input":12345678901234567890}],"count":2}'
  const list = (format: string) => crew(['task', 'list', '--group', 'g', '-o', format], { reply: () => [200, page] })
  expect((await list('json')).stdout).toBe(`${page}\n`)
  expect((await list('jsonl')).stdout).toBe('{"id":"a","input":{ "n":1.0}}\n{"id":"b","input":12345678901234567890}\n')
  expect((await list('id')).stdout).toBe('a\nb\n')
})

test('one member is shown as it was sent', async () => {
  expect((await crew(['task', 'input', 't'], { reply: byId })).stdout).toBe('12345678901234567890\n')
})

test('all pages are read, and shown as one', async () => {
  const rows = Array.from({ length: 2500 }, (_, i) => `{"id":"g${i}"}`)
  const reply: Reply = ({ path }) => {
    const { searchParams: query } = new URL(path, 'http://x')
    const [page, size] = [Number(query.get('page')), Number(query.get('pageSize'))]
    return [200, `{"taskGroups":[${rows.slice((page - 1) * size, page * size)}],"count":2500}`]
  }
  const all = await crew(['group', 'list', '--all', '-o', 'json'], { reply })
  expect(all.stdout).toBe(`{"taskGroups":[${rows}],"count":2500}\n`)
  expect(all.calls).toHaveLength(3)
  const some = await crew(['group', 'list', '--limit', '1500', '-o', 'id'], { reply })
  expect(some.stdout.split('\n')).toHaveLength(1501)
  const few = await crew(['group', 'list'], { reply })
  expect(few).toMatchObject({
    calls: [{ path: '/api/v1/task_groups?page=1&pageSize=20' }],
    stderr: '20 of 2500: --limit or --all shows more.\n',
  })
})

test('many are deleted after a question, with --yes, or not at all', async () => {
  const line = ['group', 'delete', 'a', 'b']
  await expect(crew(line)).rejects.toThrow(
    new SettingError('delete 2 groups? Nobody can be asked here: add --yes, or look first with --dry-run.'),
  )
  expect(await crew(line, { isTty: true, answer: 'n' })).toMatchObject({
    code: 1,
    calls: [],
    stderr: 'Nothing was done.\n',
  })
  expect(await crew(line, { isTty: true, answer: 'y' })).toMatchObject({ code: 0, stdout: 'a\nb\n' })
  expect(await crew([...line, '--yes'])).toMatchObject({ code: 0, stdout: 'a\nb\n' })
  expect(await crew(['group', 'delete', 'a'])).toMatchObject({ code: 0 })
  await expect(crew(['group', 'delete', '-'], { stdin: 'a\nb', isTty: true })).rejects.toThrow(SettingError)
})

test('a dry run tells the call and masks the token; nothing is sent', async () => {
  const { calls, stdout } = await crew([
    'task',
    'update',
    't',
    '--input',
    '{"a":1}',
    '--dry-run',
    '--url',
    'http://crew/base/',
  ])
  expect(calls).toEqual([])
  expect(stdout).toBe('PUT http://crew/base/api/v1/task/t\nAuthorization: Bearer ***\n{"input":{"a":1}}\n')
})

const PREVIEW =
  '{"snapshot":"s1","action":"retry","target":"tasks","count":2,"byState":{"failed":2},"skipped":[{"reason":"running","count":1}],"samples":[{"id":"a","name":"n","state":"failed"}]}'
const bulk: Reply = ({ method, body }) =>
  method === 'POST' && body?.includes('dryRun')
    ? [200, PREVIEW]
    : [
        200,
        `{"id":"b1","action":"retry","state":"${method === 'GET' ? 'finished' : 'running'}","total":2,"done":1,"failed":1}`,
      ]

test("a dry run of what the server can preview is the server's preview", async () => {
  const { calls, stdout } = await crew(['task', 'retry', 'a', 'b', '--attempts', '2', '--dry-run'], { reply: bulk })
  expect(calls.map(({ body }) => body)).toEqual([
    '{"dryRun":true,"action":"retry","target":"tasks","ids":["a","b"],"params":{"remainingAttempts":2}}',
  ])
  expect(stdout).toBe('retry 2 tasks: 2 failed\n  1 skipped: running\n  a · n · failed\n')
})

test('a filter instead of ids is a bulk operation: previewed, agreed to, and waited for', async () => {
  const line = ['task', 'retry', '--group', 'g', '--state', 'failed']
  const { calls, code, stdout } = await crew([...line, '--yes'], { reply: bulk })
  expect(calls.map(({ method, path, body }) => [method, path, body])).toEqual([
    [
      'POST',
      '/api/v1/bulk',
      '{"dryRun":true,"action":"retry","target":"tasks","filter":{"taskGroup":"g","state":"failed"}}',
    ],
    ['POST', '/api/v1/bulk', '{"snapshot":"s1"}'],
    ['GET', '/api/v1/bulk/b1', undefined],
  ])
  expect(code).toBe(7)
  expect(stdout).toContain('finished')
  await expect(crew(line, { reply: bulk })).rejects.toThrow('--yes')
  await expect(crew([...line, 'a'], { reply: bulk })).rejects.toThrow('--group says which are meant, and so do ids')
})

test.each([
  [['task', 'list'], 'crew task list needs --group ID (the group they are in): see --help.'],
  [['task', 'get'], 'crew task get needs to know which task: write crew task get ID, - for those on stdin.'],
  [['group', 'get', '..'], '".." is no group: check what stands there.'],
  [['task', 'update', 't'], 'crew task update has nothing to change: give a flag or --file, see --help.'],
  [['group', 'list', '-o', 'jsn'], '-o is "jsn" (did you mean json?): expected table, json, jsonl, id.'],
  [['group', 'list', '--limit', '0'], '--limit is "0": expected a whole number from 1.'],
  [['group', 'list', '--all', '--limit', '1'], '--limit and --all contradict: keep one of them.'],
  [
    ['group', 'list', '--url', 'ftp://me:secret@x'],
    'The address of the server is "ftp://***@x": expected one like http://127.0.0.1:8090 (--url or CREW_URL).',
  ],
  [['group', 'create', '--file', 'none'], 'none is no file: check its name.'],
  [['group', 'create', '--metadata', 'x'], '--metadata holds "x": expected NAME=TEXT,NAME=TEXT.'],
  [['task', 'retry', 't', '--attempts', 'x'], '--attempts is "x": expected a number.'],
  [['group', 'watch', 'g', '--timeout', 'x'], '--timeout is "x": expected seconds.'],
  [
    ['worker', 'set', 'w', '--rate', '5'],
    '--rate is "5": expected COUNT/SECONDS or COUNT/SECONDS/BURST, like 100/60, or none.',
  ],
  [
    ['task', 'update', 't', '--input', '{'],
    `--input holds no JSON (JSON is malformed: expected a member name in double quotes, found the end of the text at line 1, column 2): write a value like '{"id": 7}', @FILE, or - for stdin.`,
  ],
  [['task', 'update', '-', '--input', '-'], 'stdin is named twice with -: it can be read once.'],
])('%j is refused before anything is sent', async (line, sentence) => {
  await expect(crew(line, { stdin: '1' })).rejects.toThrow(new SettingError(sentence))
})

test.each([
  [' pass word \r\n', ' pass word '],
  ['pass\n\n', 'pass\n'],
])('of the file of a password %j all but its last line break is the password', async (text, password) => {
  const { calls } = await crew(['group', 'list'], {
    env: { CREW_TOKEN: '', CREW_AUTH_PASSWORD_FILE: 'f' },
    files: { f: text },
    reply: ({ path }) => [200, path === '/login' ? '{"token":"session"}' : '{}'],
  })
  expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({ password })
})

test.each([
  [{}, 'there is no such file'],
  [{ f: '\n' }, 'the file is empty'],
])('a file of a token %j is refused', async (files, what) => {
  const listing = crew(['group', 'list'], { env: { CREW_TOKEN: '', CREW_TOKEN_FILE: 'f' }, files })
  await expect(listing).rejects.toThrow(`CREW_TOKEN_FILE is "f": ${what}.`)
})

test('a token comes from a flag, the environment or a file; a password logs in', async () => {
  const tokenOf = async (env: Record<string, string>, ...flags: string[]) => {
    const reply: Reply = ({ path }) => [200, path === '/login' ? '{"token":"session"}' : '{}']
    const { calls } = await crew(['group', 'list', ...flags], {
      env: { CREW_TOKEN: '', ...env },
      files: { f: 'of-file\n' },
      reply,
    })
    return calls.map(({ token }) => token)
  }
  expect(await tokenOf({ CREW_TOKEN: 'env' }, '--token', 'flag')).toEqual(['Bearer flag'])
  expect(await tokenOf({ CREW_TOKEN: 'env', CREW_AUTH_TOKEN: 'server' })).toEqual(['Bearer env'])
  expect(await tokenOf({ CREW_TOKEN_FILE: 'f' })).toEqual(['Bearer of-file'])
  expect(await tokenOf({ CREW_AUTH_TOKEN: 'server' })).toEqual(['Bearer server'])
  expect(await tokenOf({ CREW_AUTH_PASSWORD: 'p' })).toEqual([null, 'Bearer session'])
  expect(await tokenOf({ CREW_TOKEN: 'env' }, '--password', 'p')).toEqual([null, 'Bearer session'])
  expect(await tokenOf({})).toEqual([null])
})

test.each([
  'group retry --state failed --yes --wait',
  'group retry --state failed --yes --timeout 60',
  'task reset --group g --state failed --yes --descendants',
])('what a bulk operation does not do is refused: %s', async (line) => {
  await expect(crew(line.split(' '))).rejects.toThrow('is for ids: name them, or leave')
})

test('an address with a password is shown by no dry run', async () => {
  const line = 'worker pause w --dry-run --url http://me:secret@host'
  await expect(crew(line.split(' '))).rejects.toThrow('http://***@host')
})
