import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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

test('the lockfile names no registry, so that everyone installs from their own', () => {
  const packages = Object.entries<{ resolved?: string }>(readJson('package-lock.json').packages)
  expect(packages.filter(([, each]) => each.resolved !== undefined)).toEqual([])
})

test('the lockfile holds the binaries of every system, not only of the one it was written on', () => {
  const { packages } = readJson('package-lock.json')
  const missing = Object.values<{ optionalDependencies?: Record<string, string> }>(packages)
    .flatMap((each) => Object.keys(each.optionalDependencies ?? {}))
    .filter((name) => /^@(oven|biomejs|typescript|rolldown)\//.test(name) && !packages[`node_modules/${name}`])
  expect(missing).toEqual([])
})

test('the API page finds its style and its script', () => {
  const { css, js } = loadDocsAssets()
  expect(css).toContain('.swagger-ui')
  expect(js).toContain('SwaggerUIBundle')
})
