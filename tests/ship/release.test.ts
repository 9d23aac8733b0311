import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkIntegrity } from '../../scripts/release/runtimes.ts'
import { programOf, TARGETS, targetsNamed } from '../../scripts/release/targets.ts'
import { VERSION } from '../../server/version.ts'
import { anyNodeProgram } from '../support/node-program.ts'
import { makeBareRoot } from './support/bare-root.ts'
import { binaryFormat } from './support/binary-format.ts'
import { inOwnRoot, noOwnRoot } from './support/own-root.ts'
import { startServer } from './support/server-process.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'crew-release-'))
const release = join(folder, 'release')
const here = `${process.platform}-${process.arch}`
const fileOf = (name: string) => {
  const [target] = targetsNamed([name])
  return join(release, target ? programOf(target, `crew-${VERSION}-${name}`) : '')
}
// All seven take 20 s, and another 15 s when their runtimes have to be fetched.
const TIMEOUT_MS = 300_000

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build-ui.ts'], { cwd: root })
  execFileSync(process.execPath, ['scripts/release.ts', '--outdir', folder], { cwd: root })
}, TIMEOUT_MS)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const LOADERS: Record<string, string> = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
  'linux-x64-musl': '/lib/ld-musl-x86_64.so.1',
  'linux-arm64-musl': '/lib/ld-musl-aarch64.so.1',
}

describe('the binaries', () => {
  test.each(TARGETS)('that of $name is a program of that system', ({ name, os, cpu }) => {
    const loader = LOADERS[name]
    expect(binaryFormat(fileOf(name))).toEqual({ os, cpu, ...(loader && { loader }) })
  })

  test.each(TARGETS)('that of $name has the web UI and nothing of where it was built', ({ name }) => {
    const program = readFileSync(fileOf(name))
    expect(program.includes(readFileSync(join(root, 'dist/ui/index.html')))).toBe(true)
    expect(program.includes(join(root, 'node_modules'))).toBe(false)
  })

  test('the checksums are those of every file beside them', () => {
    const listed = readFileSync(join(release, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(66))
    expect(listed).toEqual(
      readdirSync(release)
        .filter((name) => name !== 'SHA256SUMS')
        .sort(),
    )
    const { status, stderr } = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: release })
    expect({ status, said: String(stderr) }).toEqual({ status: 0, said: '' })
  })

  test('the one of this system runs where there is nothing but its libraries, as nobody', async (context) => {
    if (noOwnRoot) return context.skip(noOwnRoot)
    const bare = makeBareRoot(fileOf(here))
    try {
      const command = inOwnRoot(bare, [
        '/usr/local/bin/crew',
        'start',
        '--port',
        '0',
        '--storage',
        'sqlite:/data/crew.db',
      ])
      const server = await startServer(command, { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' })
      expect(await (await fetch(`${server.url}/healthz`)).text()).toBe('Healthy!')
      expect(await (await fetch(server.url)).text()).toContain('<div id="root"')
      expect((await fetch(`${server.url}/docs`)).status).toBe(200)
      expect(await server.stop()).toBe(0)
      expect(readdirSync(join(bare, 'data'))).toContain('crew.db')
    } finally {
      rmSync(bare, { recursive: true, force: true })
    }
  })
})

/** In a process of its own, in the folder that it reads from: tests share theirs. */
const MAKE_SBOM = `
  const { sbomOf } = await import('./scripts/release/sbom.ts')
  const { TARGETS } = await import('./scripts/release/targets.ts')
  process.stdout.write(sbomOf(TARGETS, Number(process.argv.at(-1))))
`

describe('the SBOM', () => {
  const components = () => {
    const {
      bomFormat,
      metadata,
      components: all,
    } = JSON.parse(readFileSync(join(release, `crew-${VERSION}.cdx.json`), 'utf8'))
    return { bomFormat, of: metadata.component, names: all.map(({ name }: { name: string }) => name) as string[] }
  }

  test('is a CycloneDX document of Crew', () => {
    const { bomFormat, of } = components()
    expect([bomFormat, of.type, of.name, of.version]).toEqual(['CycloneDX', 'application', 'crew', VERSION])
  })

  test('names the packages of the server and of the web UI, and the runtime of each target', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const runtimes = TARGETS.map(({ runtimePackage }) => runtimePackage)
    const expected = [...Object.keys(dependencies), 'avvio', 'react', 'react-dom', 'uplot', 'bun', ...runtimes]
    expect(components().names).toEqual(expect.arrayContaining(expected))
  })

  test('is the same each time it is made of the same commit', () => {
    const first = readFileSync(join(release, `crew-${VERSION}.cdx.json`), 'utf8')
    const builtAt = Date.parse(JSON.parse(first).metadata.timestamp) / 1000
    const again = execFileSync(process.execPath, ['-e', MAKE_SBOM, String(builtAt)], { cwd: root, encoding: 'utf8' })
    expect(again === first).toBe(true)
  })

  test('names no tool that is not inside', () => {
    const tools = ['vite', 'vitest', 'typescript', '@biomejs/biome', 'fast-check', '@oven/bun-freebsd-x64']
    expect(components().names.filter((name) => tools.includes(name))).toEqual([])
  })
})

describe('the npm packages', () => {
  const packages = join(folder, 'npm')
  const manifestOf = (name: string) => JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
  const npm = (args: readonly string[], cwd: string) => spawnSync('npm', args, { cwd, encoding: 'utf8' })

  test('the launcher asks for each binary in its own version, and no package runs a script', () => {
    const wanted = Object.fromEntries(TARGETS.map(({ name }) => [`@crew/cli-${name}`, VERSION]))
    expect(manifestOf('cli').optionalDependencies).toEqual(wanted)
    expect(readdirSync(packages).filter((name) => manifestOf(name).scripts)).toEqual([])
  })

  test.each(TARGETS)('that of $name is for that system alone', ({ name, os, cpu, libc }) => {
    const manifest = manifestOf(`cli-${name}`)
    expect(manifest).toMatchObject({ name: `@crew/cli-${name}`, version: VERSION, os: [os], cpu: [cpu] })
    expect(manifest.libc).toEqual(libc && [libc])
  })

  test(
    'installed from their archives without scripts, crew is there',
    async () => {
      const project = emptyProject('whole', ['cli', `cli-${here}`])
      const { stdout, status } = npm(['exec', '--offline', '--', 'crew', 'version'], project)
      expect({ stdout, status }).toEqual({ stdout: `${VERSION}\n`, status: 0 })
      expect(npm(['exec', '--offline', '--', 'crew', 'strat'], project).status).toBe(2)
      // A signal to the launcher drains the server, whose exit code is that of both.
      const launcher = join(project, 'node_modules/@crew/cli/bin/crew.mjs')
      const server = await startServer(
        [anyNodeProgram() ?? 'node', launcher, 'start', '--port', '0', '--storage', 'memory'],
        {},
      )
      expect(await server.stop()).toBe(0)
      await expect(fetch(server.url)).rejects.toThrow()
    },
    TIMEOUT_MS,
  )

  test('without the package of this system crew says what to do', () => {
    const project = emptyProject('bare', ['cli'])
    const { stderr, status } = npm(['exec', '--offline', '--', 'crew', 'version'], project)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^crew: the package @crew\/cli-\S+ is missing: install @crew\/cli again, .*\.$/m)
  })

  /** The other systems' packages cannot be had, as nothing is published: optional, npm goes on without them. */
  function emptyProject(name: string, contents: readonly string[]): string {
    const project = join(folder, name)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"private": true}')
    const archives = contents.map((each) => {
      const { stdout } = npm(['pack', '--silent', '--pack-destination', project], join(packages, each))
      return `./${stdout.trim()}`
    })
    const installed = npm(['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', ...archives], project)
    expect(installed.stderr).not.toContain('npm error')
    return project
  }
})

test('a runtime whose bytes are not those of the lockfile is refused', () => {
  const bytes = new TextEncoder().encode('another')
  expect(() => checkIntegrity('bun@1.0.0', bytes, 'sha512-AAAA')).toThrow(/^bun@1\.0\.0 is sha512-.*: it was not used$/)
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  expect(() => checkIntegrity('bun@1.0.0', bytes, integrity)).not.toThrow()
})

describe('install.sh', () => {
  const install = (from: string, to: string) =>
    spawnSync('sh', [join(root, 'deploy/install.sh'), from, to], { encoding: 'utf8' })

  test('installs the binary of this system from a release', () => {
    const to = join(folder, 'bin')
    const { status, stderr } = install(release, to)
    expect({ status, stderr }).toEqual({ status: 0, stderr: `crew: ${to}/crew is crew-${VERSION}-${here}.\n` })
    expect(execFileSync(join(to, 'crew'), ['version'], { encoding: 'utf8' })).toBe(`${VERSION}\n`)
    expect(readdirSync(to)).toEqual(['crew'])
  })

  test('installs nothing that is not what the checksums say', () => {
    const from = join(folder, 'tampered')
    const to = join(folder, 'nothing')
    mkdirSync(from)
    const name = `crew-${VERSION}-${here}`
    writeFileSync(join(from, name), 'something else')
    copyFileSync(join(release, 'SHA256SUMS'), join(from, 'SHA256SUMS'))
    const { status, stderr } = install(from, to)
    expect([status, existsSync(to)]).toEqual([1, false])
    expect(stderr).toContain(`${name} is not the file of SHA256SUMS: nothing was installed.`)
  })

  test('says what it takes', () => {
    expect(install('', '').stderr).toContain('from where? sh install.sh FROM [FOLDER]')
    expect(install('http://example.com', '').stderr).toContain('a folder or an https:// address is')
    expect(install(folder, '').stderr).toContain('has no SHA256SUMS')
  })
})

test('a target that does not exist is refused with those that do', () => {
  expect(() => targetsNamed(['linux-x46'])).toThrow('"linux-x46" is no target: expected one of linux-x64, linux-arm64')
})
