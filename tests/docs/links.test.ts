import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { anchorsOf, linksOf, PAGES, ROOT, readPage } from './pages.ts'

/** What a link of a page is not; null: it leads somewhere, or out into the world. */
function faultOf(page: string, link: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return null
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), decodeURIComponent(path))
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`
  if (anchor === undefined || anchorsOf(readPage(target)).includes(anchor)) return null
  return `${link}: ${target} has no such heading`
}

test.each(PAGES)('each link of %s leads somewhere', (page) => {
  expect(
    linksOf(readPage(page))
      .map((link) => faultOf(page, link))
      .filter((fault) => fault !== null),
  ).toEqual([])
})

test('llms.txt names each page of the documentation, and each example', () => {
  const named = linksOf(readPage('llms.txt'))
  const wanted = PAGES.filter((page) => /^(docs|examples)\//.test(page) && page !== 'examples/embedding/README.md')
  expect(wanted.filter((page) => !named.includes(page))).toEqual([])
})

test('the list of examples names each of them', () => {
  const named = linksOf(readPage('examples/README.md'))
  const folders = PAGES.flatMap((page) => /^examples\/(.+\/README\.md)$/.exec(page)?.[1] ?? [])
  expect(folders.filter((folder) => !named.includes(folder))).toEqual([])
})

test('links and headings are told from code', () => {
  const page =
    '# One\n[a](x.md "title") `[b](y)` ![c](<z.png>)\n```sh\n# Two\n[d](w)\n```\n## One\n## Why `this` is, so\n'
  expect(linksOf(page)).toEqual(['x.md', 'z.png'])
  expect(anchorsOf(page)).toEqual(['one', 'one-1', 'why-this-is-so'])
})

test('a link that leads nowhere is found', () => {
  expect(faultOf('docs/api.md', 'errors.md')).toBeNull()
  expect(faultOf('docs/api.md', '#the-api')).toBeNull()
  expect(faultOf('docs/api.md', 'nothing.md')).toBe('nothing.md: there is no docs/nothing.md')
  expect(faultOf('docs/api.md', '../README.md#nothing')).toBe('../README.md#nothing: README.md has no such heading')
})
