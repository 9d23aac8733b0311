/**
 * Where the code of a thread is, by the name of its file in this folder. In the binary every entry point lies below the same root,
 * under the name it had in the project; in the package beside this one.
 */
export function threadFile(name: string): URL {
  const isCompiled = /\$bunfs|~BUN/.test(import.meta.url)
  if (isCompiled) return new URL(`./storage/sqlite/${name}.js`, import.meta.url)
  return new URL(import.meta.url.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, import.meta.url)
}
