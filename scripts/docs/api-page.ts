import { readOpenApi } from '../openapi-document.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags?: readonly string[]
  readonly 'x-role'?: string
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly tags: readonly { readonly name: string; readonly description: string }[]
}

/** `docs/api.md`: every operation with the role it needs. Fields are in the OpenAPI document, which says them better. */
export async function apiPage(): Promise<string> {
  const { paths, tags }: Document = JSON.parse(await readOpenApi())
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  )
  const sections = tags.map(({ name, description }) => {
    const rows = operations
      .filter((operation) => operation.tags?.[0] === name)
      .map(({ method, path, summary, 'x-role': role }) => `| \`${method} ${path}\` | ${summary} | ${role ?? ''} |`)
    return `## ${name}\n\n${description}\n\n| | | role |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return `${HEAD}\n${sections.join('\n')}`
}

const HEAD = `# The API

<!-- Made by \`npm run docs\` from the routes' schemas. -->

A running server has all of this with every field, to read and to try, at \`/docs\`, and as an OpenAPI 3.1 document at \`/openapi.json\`.
Where no role stands no login is needed. \`operator\` may do what \`viewer\` may, \`admin\` everything. Names with a slash stand in an address
as they are. Times are RFC 3339 in UTC with milliseconds. Errors: [errors.md](errors.md).
`
