import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, readPage } from './pages.ts'

const page = readPage('docs/reliability.md')

/** A test as the page names it: in this file, by this name. */
const TESTS = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/(tests\/[^)]+\.ts)\)/g)].map(([, name = '', file = '']) => ({
  name,
  file,
}))

/** As it is written in a source: the quotes of a string are left out on the page, and its tables escape nothing. */
const plain = (text: string): string => text.replace(/[\\'"`]/g, '')

test('each test that the page of reliability names is there', () => {
  const isThere = ({ name, file }: (typeof TESTS)[number]) =>
    plain(readFileSync(join(ROOT, file), 'utf8')).includes(plain(name))
  expect(TESTS.length).toBeGreaterThan(50)
  expect(TESTS.filter((one) => !isThere(one))).toEqual([])
})

test('each of the eighteen promises names tests that would show it broken', () => {
  const rows = [...page.matchAll(/^\| (I\d+) \|.*\]\(\.\.\/tests\/.*\|$/gm)].map(([, promise]) => promise)
  expect(rows).toEqual(Array.from({ length: 18 }, (_, at) => `I${at + 1}`))
})
