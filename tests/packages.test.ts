import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { API_TYPES_FILES, apiTypes } from '../scripts/api-types.ts'
import { loadDocsAssets } from '../server/api/docs-assets.ts'

const root = join(import.meta.dirname, '..')
const readJson = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))

test('every dependency has one exact version', () => {
  const { dependencies, devDependencies } = readJson('package.json')
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, v]) => !/^\d+\.\d+\.\d+$/.test(v),
  )
  expect(loose).toEqual([])
})

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
}

const locked = (): [string, Locked][] =>
  Object.entries<Locked>(readJson('package-lock.json').packages).flatMap(([path, each]) =>
    path === '' ? [] : [[path.replace(/^.*node_modules\//, ''), each]],
  )

test('the lockfile has the versions of package.json', () => {
  const { dependencies, devDependencies } = readJson('package.json')
  const [, own] = Object.entries<object>(readJson('package-lock.json').packages)[0] ?? []
  expect(own).toMatchObject({ dependencies, devDependencies })
  const versions = new Map(locked().map(([name, { version }]) => [`${name} ${version}`, true]))
  const missing = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([name, version]) => !versions.has(`${name} ${version}`),
  )
  expect(missing).toEqual([])
})

test('the lockfile has the digest of every package', () => {
  const without = locked().filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  // The formatter of systems on which nothing is released or tested here: npm keeps no digest of what it never fetched.
  expect(without.filter(([name]) => !/^@biomejs\/cli-/.test(name))).toEqual([])
  expect(locked().length).toBeGreaterThan(200)
})

test('no package runs a script as it is installed but those that were looked at', () => {
  const withScript = locked().filter(([, each]) => each.hasInstallScript)
  expect(withScript.map(([name]) => name).sort()).toEqual(Object.keys(readJson('package.json').allowScripts).sort())
  // The one that may: it puts the runtime in its place. The other one counts installations, and is not wanted.
  expect(readJson('package.json').allowScripts).toEqual({ bun: true, '@scarf/scarf': false })
})

test('the lockfile names no registry, so that everyone installs from their own', () => {
  const packages = Object.entries<{ resolved?: string }>(readJson('package-lock.json').packages)
  expect(packages.filter(([, each]) => each.resolved !== undefined)).toEqual([])
})

test('the lockfile holds the binaries of every system, not only of the one it was written on', () => {
  const { packages } = readJson('package-lock.json')
  const missing = Object.values<{ optionalDependencies?: Record<string, string> }>(packages)
    .flatMap((each) => Object.keys(each.optionalDependencies ?? {}))
    .filter(
      (name) =>
        /^(@(oven|biomejs|typescript|rolldown|tailwindcss)\/|lightningcss-)/.test(name) &&
        !packages[`node_modules/${name}`],
    )
  expect(missing).toEqual([])
})

test('the API page finds its style and its script', () => {
  const { css, js } = loadDocsAssets()
  expect(css).toContain('.swagger-ui')
  expect(js).toContain('SwaggerUIBundle')
})

test('the types of the API that the web UI and the SDK have are those that the server documents', async () => {
  const types = await apiTypes()
  const stale = API_TYPES_FILES.filter((file) => readFileSync(file, 'utf8') !== types)
  expect(stale.length === 0 ? '' : 'run npm run api-types').toBe('')
})

test('the server needs no package of the web UI', () => {
  const { dependencies } = readJson('package.json')
  expect(Object.keys(dependencies).filter((name) => /react|radix|tanstack|tailwind/.test(name))).toEqual([])
})
