import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { buildImage, type Image } from './support/build-image.ts'
import { stagesOf } from './support/dockerfile.ts'
import { inOwnRoot, NOBODY, noOwnRoot } from './support/own-root.ts'
import { startServer } from './support/server-process.ts'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
const stages = stagesOf(text)
const folder = mkdtempSync(join(tmpdir(), 'crew-image-'))
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' // what engines give
const TIMEOUT_MS = 240_000

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the linter finds nothing but what it misreads', () => {
  const { stdout } = spawnSync(
    process.execPath,
    ['node_modules/dockerfilelint/bin/dockerfilelint', '-j', 'Dockerfile'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  const found = JSON.parse(stdout).files[0].issues.map(({ title, content }: { title: string; content: string }) => [
    title,
    content,
  ])
  // It takes --start-period for --start, which it does not know; Docker has it since 17.05.
  const healthcheck = text.split('\n').find((line) => line.startsWith('HEALTHCHECK'))
  expect(found).toEqual([['Invalid Argument Format', healthcheck]])
})

test('every base is pinned to an exact version', () => {
  expect(stages.map(({ image }) => image).filter((image) => !/:\d+\.\d+|@sha256:/.test(image))).toEqual([])
})

test('nothing is installed or fetched beside the packages of the lockfile', () => {
  const instructions = stages.flatMap((stage) => stage.instructions)
  expect(instructions.filter(({ name, args }) => name === 'ADD' || /\b(apt|apk|curl|wget|sudo)\b/.test(args))).toEqual(
    [],
  )
})

test(
  'its steps make a server that runs with a read-only root as nobody, and is healthy',
  async (context) => {
    if (noOwnRoot) return context.skip(noOwnRoot)
    const image = buildImage(root, stages, folder)
    try {
      expect(image.user).toBe(`${NOBODY}:${NOBODY}`)
      expect(image.env).toEqual({ HOST: '0.0.0.0', PORT: '8090', CREW_STORAGE: 'sqlite:/data/crew.db' })
      const env = { ...image.env, PATH, PORT: String(await freePort()) }
      const server = await startServer(inOwnRoot(image.root, image.command), env)
      expect(health(image, env)).toEqual({ status: 0, said: 'Healthy!\n' })
      expect(await (await fetch(`http://127.0.0.1:${env.PORT}/`)).text()).toContain('<div id="root"')
      expect(await server.stop()).toBe(0)
      expect(health(image, env)).toMatchObject({ status: 1 })
      expect(readdirSync(join(image.root, 'data'))).toContain('crew.db')
    } finally {
      rmSync(image.root, { recursive: true, force: true })
    }
  },
  TIMEOUT_MS,
)

/** As the engine asks: a process of its own in the same root. */
function health({ root: ownRoot, health: command }: Image, env: Record<string, string>) {
  const [program = '', ...args] = inOwnRoot(ownRoot, command)
  const { status, stdout } = spawnSync(program, args, { env, encoding: 'utf8' })
  return { status, said: stdout }
}
