import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** The pages that somebody reads who uses Crew. */
export const PAGES: readonly string[] = [
  'llms.txt',
  ...globSync(['README.md', 'docs/*.md', 'examples/**/*.md', 'deploy/*.md', 'sdk/*/README.md'], { cwd: ROOT }).sort(),
]

export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** What its links lead to, outside blocks and words of code. */
export function linksOf(markdown: string): string[] {
  const text = withoutBlocks(markdown).replace(/(`+).*?\1/g, '')
  return [...text.matchAll(/\]\(\s*<?([^\s<>)]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target = '']) => target)
}

/** The names by which its headings can be linked to, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>()
  return [...withoutBlocks(markdown).matchAll(/^#{1,6} +(.*?) *#*$/gm)].map(([, heading = '']) => {
    const slug = slugOf(heading)
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

const slugOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-')

const withoutBlocks = (markdown: string): string =>
  markdown.replace(/^ {0,3}(`{3,}|~{3,}).*\n(?:.*\n)*? {0,3}\1[`~]*\s*$/gm, '')
