import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { anyNodeProgram } from '../support/node-program.ts'

const root = join(import.meta.dirname, '../../sdk/typescript')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** `node_modules/crew-sdk` of somebody who has installed it. */
let user: string
let installed: string

// Built elsewhere: a test leaves nothing in the sources.
beforeAll(() => {
  user = mkdtempSync(join(tmpdir(), 'crew-sdk-'))
  installed = join(user, 'node_modules/crew-sdk')
  mkdirSync(installed, { recursive: true })
  for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, file), join(installed, file))
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist')], root)
  writeFileSync(join(user, 'package.json'), '{"type": "module"}')
}, 240_000)

afterAll(() => rmSync(user, { recursive: true }))

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 200_000 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? `${stdout}${stderr}`}`)
  return stdout
}

const targets = (): string[] =>
  Object.values<Record<string, string>>(manifest.exports).flatMap((each) =>
    Object.values(each).map((path) => path.slice(2)),
  )

const hasNpm = spawnSync('npm', ['--version']).status === 0
const node = anyNodeProgram()

test.skipIf(!hasNpm)(
  'the package has what its exports name, its README and its license, and no sources (needs npm)',
  () => {
    const [packed] = JSON.parse(run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], installed))
    const files: string[] = packed.files.map(({ path }: { path: string }) => path)
    expect(targets().filter((target) => !files.includes(target))).toEqual([])
    const others = files.filter((file) => !/^dist\/.*\.(js|d\.ts)$/.test(file))
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
  },
)

test('the package needs no other', () => {
  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([])
})

test.skipIf(!node)('a worker of the built package runs on Node (needs it)', () => {
  const program = `
    import { answer, child, CrewClient, defineWorker, runPoller } from 'crew-sdk'
    import { toCloudFunction } from 'crew-sdk/cloud-functions'
    import { toLambdaHandler } from 'crew-sdk/lambda'
    import { toNodeHandler } from 'crew-sdk/node'
    import { createServer } from 'node:http'
    const worker = defineWorker(({ input }) => answer(input + 1, { children: [child({ worker: 'next' })] }))
    const event = { rawPath: '/', headers: {}, body: '{"input":41}', requestContext: { http: { method: 'POST' } } }
    const { body } = await toLambdaHandler(worker)(event)
    console.log(body, [CrewClient, runPoller, toCloudFunction].map((each) => typeof each).join())
    const server = createServer(toNodeHandler(worker)).listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port
      const answers = await Promise.all(['{"input":1}', 'nonsense'].map((body) => fetch(url, { method: 'POST', body })))
      console.log(answers.map(({ status }) => status).join(), await answers[0].text())
      server.close()
    })`
  writeFileSync(join(user, 'program.js'), program)
  expect(
    run(node ?? '', ['program.js'], user)
      .trim()
      .split('\n'),
  ).toEqual([
    '{"output":42,"children":[{"worker":"next"}]} function,function,function',
    '200,400 {"output":2,"children":[{"worker":"next"}]}',
  ])
})

test.skipIf(!node)('no request from outside ends a worker on Node, whatever its method and path (needs it)', () => {
  const program = `
    import { defineWorker } from 'crew-sdk'
    import { toCloudFunction } from 'crew-sdk/cloud-functions'
    import { toLambdaHandler } from 'crew-sdk/lambda'
    import { toNodeHandler } from 'crew-sdk/node'
    import { createServer } from 'node:http'
    import { connect } from 'node:net'
    const worker = defineWorker(({ input }) => input)
    const ask = (port, line) => new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1').on('error', reject).once('data', (data) => {
        resolve(String(data).split(' ')[1])
        socket.destroy()
      })
      socket.write(line + ' HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 2\\r\\n\\r\\n{}')
    })
    const LINES = ['TRACE /', 'GET //a:b@c/', 'PUT *', 'POST //a:b@c/', 'POST http://a:b@c/', 'POST /']
    for (const handler of [toNodeHandler(worker), toCloudFunction(worker)]) {
      const server = createServer(handler).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const statuses = []
      for (const line of LINES) statuses.push(await ask(server.address().port, line))
      console.log(statuses.join())
      server.close()
    }
    const event = (method, headers) => ({ rawPath: '//a:b@c/', headers, body: '{}', requestContext: { http: { method } } })
    const events = [event('TRACE', {}), event('POST', { 'no name': 'x' }), event('POST', {})]
    const results = await Promise.all(events.map(toLambdaHandler(worker)))
    console.log(results.map(({ statusCode }) => statusCode).join())
    process.exit(0)`
  writeFileSync(join(user, 'outside.js'), program)
  const answers = '405,405,405,200,200,200'
  expect(
    run(node ?? '', ['outside.js'], user)
      .trim()
      .split('\n'),
  ).toEqual([answers, answers, '405,400,200'])
})

test('its types suit who uses them with Node and strictly', () => {
  const program = `
    import { createServer } from 'node:http'
    import { defineWorker, nonRetryable, type Api, CrewClient } from 'crew-sdk'
    import { toNodeHandler } from 'crew-sdk/node'
    const worker = defineWorker<{ n: number }, { doubled: number }>(({ input }) => {
      if (input.n < 0) throw nonRetryable('negative')
      return { doubled: input.n * 2 }
    }, { secret: process.env.SECRET })
    export default worker
    export const POST = worker.fetch
    export const server = createServer(toNodeHandler(worker))
    export const group = (crew: CrewClient): Promise<Api.TaskGroup> => crew.createGraph({ tasks: [{ worker: 'w' }] })
    // @ts-expect-error the output is another one
    defineWorker<{ n: number }, { doubled: number }>(({ input }) => ({ tripled: input.n * 3 }))`
  writeFileSync(join(user, 'program.ts'), program)
  const types = join(dirname(createRequire(import.meta.url).resolve('@types/node/package.json')), '..')
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--typeRoots',
    types,
  ]
  expect(run(process.execPath, [tsc, ...options, 'program.ts'], user)).toBe('')
})
