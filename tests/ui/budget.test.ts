import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const built = join(import.meta.dirname, '../../dist/ui')
const MAX_FIRST_LOAD = 200 * 1024

test('the first page loads at most 200 KiB of compressed scripts', () => {
  const index = readFileSync(join(built, 'index.html'), 'utf8')
  const scripts = [...index.matchAll(/"\.\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? '')
  expect(scripts.length).toBeGreaterThan(0)
  const sizes = scripts.map((path) => gzipSync(readFileSync(join(built, path))).length)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_FIRST_LOAD)
})

test('the page holds no script and no style of its own', () => {
  const index = readFileSync(join(built, 'index.html'), 'utf8')
  const inline = [...index.matchAll(/<script(?![^>]*\bsrc=)(?![^>]*application\/json)|<style|\bon\w+=|style=/g)]
  expect(inline).toEqual([])
})
