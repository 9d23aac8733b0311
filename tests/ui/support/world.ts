import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { type Crew, makeDir, startCrew } from '../../e2e/support/crew.ts'
import { freePort } from '../../support/free-port.ts'
import { openTab, type Tab, type Visit } from './browser.ts'

export const PASSWORD = 'secret of the test'

/** A server of its own with workers that do what their name says; `says` answers what its input is. */
export interface World {
  readonly crew: Crew
  /** The folder of its store. */
  readonly dir: string
  /** What was POSTed to workers, by task id. */
  readonly posts: string[]
  /** From now on `flaky` succeeds. */
  mend(): void
}

export async function makeWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const posts: string[] = []
  let isMended = false
  const workers = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { taskId, input } = JSON.parse(Buffer.concat(chunks).toString())
    posts.push(taskId)
    const isBad = !isMended && request.url === '/flaky'
    response.setHeader('content-type', 'application/json')
    const usual = isBad ? { error: '503 from the shop' } : { output: { big: 1 } }
    response.end(JSON.stringify(request.url === '/says' ? input : usual))
  })
  await new Promise<void>((resolve) => workers.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void workers.close())
  const { port } = workers.address() as AddressInfo
  const dir = makeDir()
  const crew = await startCrew({
    dir,
    // Some come back on it.
    args: ['--port', String(await freePort())],
    env: { CREW_AUTH_PASSWORD: PASSWORD, CREW_WORKER_BASE_URL: `http://127.0.0.1:${port}/`, ...env },
  })
  onTestFinished(() => crew.kill9())
  return {
    crew,
    dir,
    posts,
    mend: () => {
      isMended = true
    },
  }
}

/** A tab in which somebody has logged in. */
export async function logIn(browser: Browser, { crew }: World, visit: Visit & { path?: string } = {}): Promise<Tab> {
  const tab = await openTab(browser, visit)
  await tab.page.goto(crew.url + (visit.path ?? '/'))
  await tab.page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await tab.page.getByRole('button', { name: 'Log in' }).click()
  await tab.page.getByRole('button', { name: 'Account of' }).waitFor()
  return tab
}
