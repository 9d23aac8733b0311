import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../../../ui/src/styles.css'), 'utf8')
const READABLE = 4.5
/** The border of what one can type into or press (WCAG 1.4.11). */
const VISIBLE = 3

function tokensOf(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}', 1)[0] ?? ''
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [name, color]))
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

test.each([':root', ':root[data-theme="dark"]'])('every colour of %s can be read', (selector) => {
  const tokens = tokensOf(selector)
  const of = (name: string): string => tokens.get(name) ?? ''
  const faint: string[] = []
  const check = (text: string, ground: string, least: number): void => {
    const found = contrast(of(text), of(ground))
    if (found < least) faint.push(`${text} on ${ground}: ${found.toFixed(2)}`)
  }
  const states = [...tokens.keys()].filter((name) => name.startsWith('state-'))
  expect(states).toHaveLength(9)
  for (const ground of ['surface', 'page', 'sunken'])
    for (const text of ['ink', 'soft', 'accent', 'danger']) check(text, ground, READABLE)
  for (const state of states) check(state, 'surface', READABLE)
  check('on-accent', 'accent', READABLE)
  check('on-danger', 'danger', READABLE)
  for (const ground of ['surface', 'page']) check('edge', ground, VISIBLE)
  expect(faint).toEqual([])
})
