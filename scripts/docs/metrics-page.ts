import { allMetrics, crewMetrics, type MetricSpec, processMetrics } from '../../server/metrics/metrics-table.ts'

/** `docs/metrics.md`: every metric with its labels. */
export function metricsPage(): string {
  return `# Metrics

\`GET /metrics\` tells these ${allMetrics.length} metrics in the text format of Prometheus, to whoever is logged in: give Prometheus a token
(\`authorization: {credentials: …}\`; any role may read them).

<!-- Made by \`npm run docs\` from server/metrics/metrics-table.ts. -->

## Of one server, or of the store

Several servers on one Redis are scraped each. **server** is what that process did or has: sum it over the servers. **store** is what is
stored, which every server tells alike: take the maximum, never the sum.

\`\`\`promql
sum by (worker) (rate(crew_task_attempts_total{outcome!="ok"}[5m]))
max by (status) (crew_tasks)
\`\`\`

## Labels

* \`worker\` and \`workgroup\`: the 50 most active names on that server, then \`other\`. Once a minute those that are busier take the place of
  those that are not, whose series end; one that comes back begins again at 0, as after a restart, which \`rate()\` knows. Names over 128
  bytes are cut.
* \`status\`: the states of tasks, as the API has them.
* \`outcome\` of attempts: \`ok\`, \`error\` (the worker said so), \`timeout\`, \`rate_limited\`, \`network\`, \`invalid_response\`, and \`lost\`: given
  back, as its server died or shut down. Of groups: \`succeeded\`, \`failed\`.
* \`reason\`: a word of \`GET /api/v1/task/ID/why\`. What is ready and waits for a limit or a free slot is not blocked.
* \`route\` is the pattern of an address, \`none\` of one that Crew does not have.

No label holds an id.

## What is read, and when

Counters and histograms are kept in memory. What is of the store is read when somebody scrapes, at most once a second and a twentieth of
the time; a store that does not answer within two seconds is told by \`crew_store_up 0\`, and its gauges are left out. Up to 1,000 unfinished
groups are counted at each scrape; with more, \`crew_tasks\` and \`crew_blocked_tasks\` are as old as it takes to go through all of them, a
thousand a scrape. Beyond 1,000 workers succeeded tasks are not told.

## Crew

${table(crewMetrics)}

## Process

${table(processMetrics)}
`
}

function table(metrics: readonly MetricSpec[]): string {
  const rows = metrics.map(
    ({ name, type, labels, of, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${of} | ${help} |`,
  )
  return ['| name | type | labels | of | what |', '| --- | --- | --- | --- | --- |', ...rows].join('\n')
}
