import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readOpenApi } from '../../scripts/openapi-document.ts'

const LINTER = join(import.meta.dirname, '../../node_modules/@redocly/cli/bin/cli.js')

interface Finding {
  readonly ruleId: string
  readonly location: readonly { readonly pointer: string }[]
}

async function lint(document: string): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'crew-openapi-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'openapi.json'), document)
  const run = promisify(execFile)(process.execPath, [LINTER, 'lint', '--format=json', 'openapi.json'], {
    cwd: dir,
    env: { PATH: process.env.PATH, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
  // It ends with 1 when it finds an error; what it found is on stdout all the same.
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  const { problems } = JSON.parse(stdout) as { problems: readonly Finding[] }
  return problems.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer ?? ''}`)
}

/** These take nothing that could be wrong, so that no 4xx is theirs to declare. */
const TAKES_NOTHING = ['/openapi.json', '/healthz', '/livez', '/readyz'].map(
  (path) => `operation-4xx-response #/paths/~1${path.slice(1)}/get/responses`,
)

test('a public linter finds nothing in the OpenAPI document', async () => {
  expect(await lint(await readOpenApi())).toEqual(TAKES_NOTHING)
})

test('it would find what is wrong', async () => {
  const document = JSON.parse(await readOpenApi())
  document.paths['/api/v1/overview'].get.responses['200'].content['application/json'].schema = { $ref: '#/nowhere' }
  expect(await lint(JSON.stringify(document))).toContain(
    'no-unresolved-refs #/paths/~1api~1v1~1overview/get/responses/200/content/application~1json/schema',
  )
})
