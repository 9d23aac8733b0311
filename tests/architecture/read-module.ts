import { parseSync } from 'vite'

export type Import = { readonly specifier: string; readonly isTypeOnly: boolean }
export type Module = {
  readonly path: string
  readonly imports: readonly Import[]
  /** Names used as values: `setTimeout`, `Date.now`, `new Date()`, and `node:crypto#randomBytes` of an import. Comments, strings, keys and types do not count. */
  readonly names: ReadonlySet<string>
}

type Node = { readonly type: string; readonly [key: string]: unknown }

/** Reads a module by its syntax tree, for a comment may well say `Date.now()` and a string may well say `from 'x'`. */
export function readModule(path: string, text: string): Module {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`)
  const imports: Import[] = []
  const names = new Set<string>()
  for (const node of walk(program as unknown as Node)) {
    const found = importOf(node)
    if (found) imports.push(found)
    const name = nameOf(node)
    if (name) names.add(name)
    if (found && !found.isTypeOnly) for (const each of importedBy(node)) names.add(`${found.specifier}#${each}`)
  }
  return { path, imports, names }
}

function* walk(node: Node): Generator<Node> {
  yield node
  for (const [key, value] of Object.entries(node)) {
    if (isOnlyAName(node, key)) continue
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* walk(child)
    }
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** `x.process` and `{ process: 1 }` use no global called process. */
function isOnlyAName(parent: Node, key: string): boolean {
  return (key === 'property' || key === 'key') && parent.computed === false
}

function importOf(node: Node): Import | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return fromSource(node.source, node.importKind === 'type' || areAllTypes(node.specifiers, 'importKind'))
    case 'ExportNamedDeclaration':
      return fromSource(node.source, node.exportKind === 'type' || areAllTypes(node.specifiers, 'exportKind'))
    case 'ExportAllDeclaration':
      return fromSource(node.source, node.exportKind === 'type')
    case 'TSImportType':
      return fromSource(node.source, true)
    case 'ImportExpression':
      return fromSource(node.source, false)
    case 'CallExpression':
      return isNode(node.callee) && node.callee.name === 'require'
        ? fromSource((node.arguments as readonly unknown[])[0], false)
        : undefined
    default:
      return undefined
  }
}

/** What an import takes by name, whatever it calls it. */
function importedBy({ specifiers }: Node): string[] {
  const all = Array.isArray(specifiers) ? (specifiers as readonly Node[]) : []
  return all.flatMap(({ imported }) => (isNode(imported) ? [String(imported.name)] : []))
}

/** An import whose address is put together at run time names no room that a reader, or this test, could check. */
function fromSource(source: unknown, isTypeOnly: boolean): Import | undefined {
  if (!isNode(source)) return undefined
  return { specifier: typeof source.value === 'string' ? source.value : '(computed)', isTypeOnly }
}

const areAllTypes = (specifiers: unknown, kind: string): boolean =>
  Array.isArray(specifiers) && specifiers.length > 0 && specifiers.every((each: Node) => each[kind] === 'type')

function nameOf(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name as string
  if (node.type === 'MemberExpression' && isNode(node.object) && isNode(node.property)) {
    if (node.object.type === 'Identifier') return `${node.object.name}.${node.property.name ?? node.property.value}`
  }
  const isDate = isNode(node.callee) && node.callee.name === 'Date'
  if (node.type === 'NewExpression' && isDate && (node.arguments as readonly unknown[]).length === 0)
    return 'new Date()'
  if (node.type === 'CallExpression' && isDate) return 'Date()'
  return undefined
}
