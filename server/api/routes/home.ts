import { listGroups } from '../../services/groups.ts'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { escapeHtml, sendPage } from '../pages/layout.ts'

/** The page at `/`: what runs here and where to go on. It is open, so it says nothing that is anybody's. */
export function homeRoutes(app: ApiInstance, deps: ApiDeps): void {
  app.get('/', { schema: { hide: true }, config: { isOpen: true } }, async (_request, reply) =>
    sendPage(reply, { title: 'Crew', body: homeBody(deps.version, await countGroups(deps)) }),
  )
}

/** Null when the storage does not answer: the page is for seeing what is wrong. */
async function countGroups({ services, logger }: ApiDeps): Promise<number | null> {
  try {
    return (await listGroups(services, { page: 1, pageSize: 1, search: '' })).count
  } catch (error) {
    if (logger) logger.warn({ err: error }, 'the home page could not count the task groups')
    return null
  }
}

function homeBody(version: string, groups: number | null): string {
  return `<h1>Crew ${escapeHtml(version)}</h1>
<p>This server runs graphs of tasks: it POSTs each task that is ready to a worker and keeps the answer.</p>
<dl>
<dt>Task groups</dt><dd>${groups ?? 'the storage does not answer'}</dd>
<dt>Try the API</dt><dd><a href="/docs">/docs</a></dd>
<dt>For programs</dt><dd><a href="/openapi.json">/openapi.json</a></dd>
<dt>What errors mean</dt><dd><a href="/docs/errors">/docs/errors</a></dd>
<dt>Is it ready?</dt><dd><a href="/readyz">/readyz</a></dd>
</dl>`
}
