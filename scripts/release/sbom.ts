import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from './targets.ts'

interface Component {
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly properties?: readonly { readonly name: string; readonly value: string }[]
}

/** A CycloneDX document, as npm writes it. */
interface Sbom {
  readonly serialNumber: string
  readonly metadata: { readonly component: Component; readonly tools: unknown }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const DEVELOPMENT = 'cdx:npm:package:development'

/**
 * What is inside the binaries, as CycloneDX: the packages of the server, those that the web UI imports, and the Bun of each
 * target. npm alone would leave the last two out, because nobody who installs Crew needs them, or list every tool as well.
 * The same commit gives the same bytes: its number is a digest of the rest, its time that of the commit (`builtAt`, in seconds).
 */
export function sbomOf(targets: readonly Target[], builtAt: number): string {
  const whole = readNpmSbom()
  const { component } = whole.metadata
  const root = component['bom-ref']
  const refs = reachableFrom(whole, bundledPackages(), targets)
  const direct = edgesOf(whole, root).filter((ref) => refs.has(ref))
  const dependencies = whole.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }))
  const bundled = whole.components.filter((each) => refs.has(each['bom-ref'])).map(asShipped)
  const content = {
    metadata: {
      timestamp: new Date(builtAt * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      tools: whole.metadata.tools,
      component: { ...component, name: 'crew', type: 'application' },
    },
    components: bundled,
    dependencies: [{ ref: root, dependsOn: direct }, ...dependencies],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
  return `${JSON.stringify({ ...whole, serialNumber, ...content }, null, 2)}\n`
}

function readNpmSbom(): Sbom {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
  return JSON.parse(execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64e6 }))
}

function bundledPackages(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  return [...Object.keys(dependencies), ...packagesOfUi(), 'bun']
}

/** By its imports: package.json does not tell what the UI is made of from what it is made with. */
function packagesOfUi(): readonly string[] {
  const sources = readdirSync('ui/src', { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  const found = sources.flatMap(({ parentPath, name }) => {
    const text = readFileSync(join(parentPath, name), 'utf8')
    return [...text.matchAll(/(?:\bfrom|\bimport|@import)\s*\(?\s*['"]((?:@[\w-]+\/)?[\w-]+)/g)].map(
      ([, each]) => each ?? '',
    )
  })
  return [...new Set(found)]
}

/** Bun names the packages of all systems as its dependencies; only those of the targets are in what is released. */
function reachableFrom(sbom: Sbom, names: readonly string[], targets: readonly Target[]): ReadonlySet<string> {
  const runtimes = targets.map(({ runtimePackage }) => runtimePackage)
  const isReleased = (ref: string) => !ref.startsWith('@oven/') || runtimes.some((name) => ref.startsWith(`${name}@`))
  const edges = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
  const direct = edgesOf(sbom, sbom.metadata.component['bom-ref'])
  const todo = direct.filter((ref) => names.includes(ref.slice(0, ref.lastIndexOf('@'))))
  const seen = new Set<string>()
  for (let ref = todo.pop(); ref !== undefined; ref = todo.pop()) {
    if (seen.has(ref) || !isReleased(ref)) continue
    seen.add(ref)
    todo.push(...(edges.get(ref) ?? []))
  }
  return seen
}

const edgesOf = (sbom: Sbom, from: string): readonly string[] =>
  sbom.dependencies.find(({ ref }) => ref === from)?.dependsOn ?? []

/** npm marks as development what is bundled at build time: here it is shipped. */
function asShipped(component: Component): Component {
  const properties = (component.properties ?? []).filter(({ name }) => name !== DEVELOPMENT)
  return { ...component, scope: 'required', properties } as Component
}

/** A UUID of version 8, which is free to be a digest (RFC 9562, section 5.8). */
function uuidOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex')
  const variant = 'a' // 10 in its two highest bits
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
