import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from 'tailwindcss'
import type { Plugin } from 'vite'

const SOURCES = join(import.meta.dirname, 'src')
const TAILWIND = join(import.meta.dirname, '../node_modules/tailwindcss')

/**
 * Tailwind by its own compiler, with the words of our sources as candidates: it takes those that are classes. Not
 * `@tailwindcss/vite`: that finds the same words by native code, of which there is a package for each system.
 */
export function tailwind(): Plugin {
  return {
    name: 'crew-tailwind',
    enforce: 'pre',
    async transform(css, id) {
      if (!id.endsWith('/styles.css')) return null
      const compiler = await compile(css, { base: SOURCES, loadStylesheet })
      return { code: compiler.build([...wordsOf(SOURCES)]), map: null }
    },
    /** A new class in a component is a new rule in the style sheet. */
    hotUpdate({ file, modules }) {
      if (!/\.tsx?$/.test(file)) return undefined
      const styles = this.environment.moduleGraph.getModulesByFile(join(SOURCES, 'styles.css'))
      return styles ? [...modules, ...styles] : undefined
    },
  }
}

async function loadStylesheet(id: string) {
  const path = join(TAILWIND, id === 'tailwindcss' ? 'index.css' : id)
  return { path, base: TAILWIND, content: readFileSync(path, 'utf8') }
}

function wordsOf(folder: string): Set<string> {
  const words = new Set<string>()
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue
    for (const word of readFileSync(join(entry.parentPath, entry.name), 'utf8').split(/[\s"'`{}]+/)) words.add(word)
  }
  return words
}
