/** What the pictures need to know of what was made. */
export interface Filled {
  readonly groupId: string
  readonly taskId: string
}

interface NewTask {
  readonly id: string
  readonly name: string
  readonly worker: string
  readonly parentIds?: readonly string[]
  readonly [field: string]: unknown
}

const START_DEADLINE_MS = 30_000
const POLL_MS = 100

/** A day in the life of a shop's data, with something in every state. Resolves when it has come to rest. */
export async function fillStore(url: string): Promise<Filled> {
  const call = callerOf(url)
  await until(async () => (await fetch(`${url}/healthz`).catch(() => null))?.ok === true)
  await setUpWorkers(call)
  await Promise.all([makeDone(call), makePaused(call), makeRunning(call)])
  await makeSchedules(call)
  const groupId = 'nightly-sync'
  await call('POST', '/api/v1/task_groups/graph', { id: groupId, name: 'nightly sync', tasks: nightlySync() })
  await until(async () => {
    const { counts } = (await call('GET', `/api/v1/task_group/${groupId}`)) as { counts: Record<string, number> }
    return counts.ready === 0 && (counts.failed ?? 0) >= 9
  })
  return { groupId, taskId: 'page-3-2' }
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>

function callerOf(url: string): Call {
  return async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + START_DEADLINE_MS; !(await isTrue()); ) {
    if (Date.now() > end) throw new Error('the server did not come to what the pictures show')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function setUpWorkers(call: Call): Promise<void> {
  await call('PUT', '/api/v1/worker/fetch-page', {
    maxConcurrent: 20,
    timeoutSeconds: 60,
    breaker: { failures: 0, openSeconds: 10 },
  })
  await call('PUT', '/api/v1/worker/send-mail', { rateLimit: { count: 60, perSeconds: 60 }, maxConcurrent: 5 })
  await call('PUT', '/api/v1/workgroup/acme-ads', { maxConcurrent: 10 })
  await call('POST', '/api/v1/workgroup/mail-eu/pause', { seconds: 2400, reason: 'warming up the new sender' })
}

async function makeDone(call: Call): Promise<void> {
  const tasks = Array.from(
    { length: 40 },
    (_, n): NewTask => task(`report-${n}`, `report ${n + 1} of 40`, 'build-report'),
  )
  await call('POST', '/api/v1/task_groups/graph', { name: 'weekly reports', tasks })
}

async function makePaused(call: Call): Promise<void> {
  const tasks = Array.from(
    { length: 200 },
    (_, n): NewTask => task(`import-${n}`, `customer ${n + 1}`, 'import-customer'),
  )
  await call('POST', '/api/v1/task_groups/graph', { name: 'import of the third quarter', isPaused: true, tasks })
}

async function makeRunning(call: Call): Promise<void> {
  const mails = Array.from(
    { length: 30 },
    (_, n): NewTask => task(`mail-${n}`, `mail ${n + 1}`, 'send-mail', { workgroup: 'mail-eu' }),
  )
  const shops = Array.from(
    { length: 60 },
    (_, n): NewTask => task(`shop-${n}`, `shop ${n + 1}`, 'sync-shop', { input: { mode: n >= 52 ? 'slow' : '' } }),
  )
  await call('POST', '/api/v1/task_groups/graph', { name: 'backfill acme', tasks: [...mails, ...shops] })
}

async function makeSchedules(call: Call): Promise<void> {
  const template = { name: 'nightly sync', tasks: [{ name: 'list accounts', worker: 'list-accounts' }] }
  await call('PUT', '/api/v1/schedule/nightly', {
    cron: '0 2 * * *',
    timezone: 'Europe/Berlin',
    template,
    overlap: 'skip',
  })
  await call('PUT', '/api/v1/schedule/hourly-prices', { cron: '15 * * * *', timezone: 'UTC', template })
  await call('PUT', '/api/v1/schedule/month-end', {
    cron: '0 6 1 * *',
    timezone: 'America/New_York',
    template,
    isPaused: true,
  })
}

const ACCOUNTS = 12
const PAGES = 7

/** list → sync each account → its pages → merge → publish; some pages fail, wait, are held or take long. */
function nightlySync(): NewTask[] {
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => n)
  const pages = accounts.flatMap((account) => Array.from({ length: PAGES }, (_, page) => pageTask(account, page)))
  return [
    task('list', 'list accounts', 'list-accounts', { isSeed: true }),
    ...accounts.map((n) => task(`account-${n}`, `account ${n + 1}`, 'sync-account', { parentIds: ['list'] })),
    ...pages,
    ...accounts.map((n) =>
      task(`merge-${n}`, `merge account ${n + 1}`, 'merge-account', {
        parentIds: Array.from({ length: PAGES }, (_, page) => `page-${n}-${page}`),
      }),
    ),
    task('publish', 'publish', 'publish', { parentIds: accounts.map((n) => `merge-${n}`) }),
  ]
}

function pageTask(account: number, page: number): NewTask {
  const mode = modeOf(account, page)
  return task(`page-${account}-${page}`, `page ${page + 1} of account ${account + 1}`, 'fetch-page', {
    parentIds: [`account-${account}`],
    input: { mode, page, account: `9007199254740${993 + account}` },
    workgroup: account >= 9 ? 'acme-ads' : '',
    errorDelayInSeconds: mode === 'bad' && page === 5 ? 1200 : 0.1,
    remainingAttempts: mode === 'bad' && page !== 5 ? 2 : 5,
  })
}

function modeOf(account: number, page: number): string {
  if (account >= 9) return page === 0 ? 'held' : ''
  if (account === 8 && page > 3) return 'slow'
  if (account === 3 || account === 6) return ['', 'bad', 'bad', '', 'revoked', 'bad', 'bad'][page] ?? ''
  return account === 5 && page === 4 ? 'revoked' : ''
}

function task(id: string, name: string, worker: string, more: Readonly<Record<string, unknown>> = {}): NewTask {
  return { id, name, worker, ...more }
}
