import { readFileSync } from 'node:fs'
import stylePath from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import bundlePath from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }

export type DocsAssets = { readonly css: string; readonly js: string }

let loaded: DocsAssets | undefined

/**
 * The style and the script of the API page. `type: 'file'` makes Bun answer with a path: inside the package while
 * developing, inside the executable once compiled, so the page needs nothing beside the binary. Importing them as text
 * would put 1.9 MB of string into every server's memory at start, for a page few ever open; these are read when asked for.
 */
export function loadDocsAssets(): DocsAssets {
  loaded ??= { css: readFileSync(stylePath, 'utf8'), js: readFileSync(bundlePath, 'utf8') }
  return loaded
}
