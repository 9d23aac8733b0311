import { expect, test } from 'vitest'
import { allMetrics } from '../../server/metrics/metrics-table.ts'
import { checkMetrics } from '../support/promtool.ts'
import { eventually, makeFolder, startCrew } from './crew-process.ts'

const TOKEN = 'token-of-the-test'
const authorization = `Bearer ${TOKEN}`

const tasks = [
  { id: 'works', worker: 'worker-a', input: { sleep: 0 } },
  { id: 'fails', worker: 'worker-a', input: { throw: 'no' }, remainingAttempts: 1 },
  { id: 'nowhere', worker: 'no-such-worker', remainingAttempts: 1 },
  ...Array.from({ length: 12 }, (_, at) => ({ id: `limited-${at}`, worker: 'rate-limited', workgroup: 'ads "x"\n\\' })),
]

test('a scrape after failures, rate limits and holds is what promtool takes, and tells every metric', async () => {
  const env = { CREW_AUTH_TOKEN: TOKEN, CREW_AUTH_PASSWORD: 'hunter2-hunter2' }
  const crew = await startCrew({ folder: makeFolder(), args: ['--demo'], env })
  const created = await fetch(`${crew.url}/api/v1/task_groups/graph`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'g', name: 'secret-name', tasks }),
  })
  expect(created.status).toBe(200)
  const scrape = async (): Promise<string> =>
    (await fetch(`${crew.url}/metrics`, { headers: { authorization } })).text()
  const text = await eventually(async () => {
    const scraped = await scrape()
    const isThere = [/outcome="rate_limited"\} [1-9]/, /outcome="error"\} [1-9]/, /seconds\{workgroup=/]
    return isThere.every((part) => part.test(scraped)) && scraped
  })
  expect(checkMetrics(text)).toBe('')
  expect(text).toContain('crew_workgroup_cooloff_until_timestamp_seconds{workgroup="ads \\"x\\"�\\\\"}')
  expect(allMetrics.filter(({ name }) => !text.includes(`# TYPE ${name} `))).toEqual([])
  // On a busy machine that may be seconds.
  expect(text).toMatch(/^nodejs_eventloop_lag_max_seconds (?!0$)[\d.]+$/m)
  expect(text).toMatch(/^nodejs_heap_size_used_bytes [1-9]/m)
  // Neither ids nor what clients named or sent.
  expect(text).not.toMatch(/limited-0|secret-name|token-of-the-test|hunter2/)
  expect((await fetch(`${crew.url}/metrics`)).status).toBe(401)
  crew.kill('SIGTERM')
  await crew.ended
})
