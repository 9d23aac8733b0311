import { readFileSync } from 'node:fs'

/** What a file of YAML holds is checked field by field where it is used. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of these files is what the tests are about
export type Yaml = any

/** The documents of a YAML file. By Bun, which runs the tests: the packages that could are not ours. */
export function documentsOf(path: string): readonly Yaml[] {
  const { YAML } = (globalThis as unknown as { Bun: { YAML: { parse(text: string): Yaml } } }).Bun
  const text = readFileSync(path, 'utf8')
  const parsed = YAML.parse(text)
  return /^---$/m.test(text) ? parsed : [parsed]
}
