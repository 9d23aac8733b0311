import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allMetrics as METRICS } from '../../server/metrics/metrics-table.ts'
import { findPromtool } from '../support/promtool.ts'
import { documentsOf, type Yaml } from './support/yaml.ts'

const deploy = join(import.meta.dirname, '../../deploy')
const [{ groups }] = documentsOf(join(deploy, 'prometheus/alerts.yml')) as [Yaml]
const rules = groups.flatMap((group: Yaml) => group.rules) as { alert: string; expr: string; annotations: Yaml }[]
const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana/dashboards/crew.json'), 'utf8'))
const panels = dashboard.panels.filter((panel: Yaml) => panel.type !== 'row') as Yaml[]
const panelQueries: string[] = panels.flatMap((panel) => panel.targets.map((target: Yaml) => target.expr))
const variableQueries: string[] = dashboard.templating.list.flatMap(({ query }: Yaml) =>
  query.query ? [query.query] : [],
)
const queries = [...rules.map(({ expr }) => expr), ...panelQueries, ...variableQueries]

const named = new Map(METRICS.map((metric) => [metric.name, metric]))

/** A histogram is read by three names. */
function metricOf(name: string) {
  const base = name.replace(/_(bucket|sum|count)$/, '')
  return named.get(name) ?? (named.get(base)?.type === 'histogram' ? named.get(base) : undefined)
}

const namesIn = (query: string): string[] => query.match(/\b(?:crew|process|nodejs)_\w+/g) ?? []

describe('the dashboard and the alerts', () => {
  test('name only metrics that Crew has', () => {
    const names = queries.flatMap(namesIn)
    expect(names.length).toBeGreaterThan(40)
    expect(names.filter((name) => metricOf(name) === undefined)).toEqual([])
  })

  test('ask only for labels that the metric has', () => {
    const faults = queries.flatMap((query) =>
      [...query.matchAll(/\b((?:crew|process|nodejs)_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) => {
        const asked = [...matchers.matchAll(/(\w+)\s*[!=]/g)].map(([, label]) => label ?? '')
        const known = ['job', 'instance', ...(metricOf(name)?.labels ?? [])]
        return asked.filter((label) => !known.includes(label)).map((label) => `${name} has no ${label}`)
      }),
    )
    expect(faults).toEqual([])
  })

  test('group by labels that the metrics of the query have', () => {
    const faults = queries.flatMap((query) => {
      const known = ['job', 'instance', 'le', ...namesIn(query).flatMap((name) => metricOf(name)?.labels ?? [])]
      const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/))
      return grouped.filter((label) => !known.includes(label)).map((label) => `${label} in ${query}`)
    })
    expect(faults).toEqual([])
  })

  test('never add up what every server tells alike of the store', () => {
    const ofStore = METRICS.filter((metric) => metric.of === 'store').map(({ name }) => name)
    const summed = queries.filter((query) => ofStore.some((name) => new RegExp(`\\bsum[^(]*\\(${name}\\b`).test(query)))
    expect(summed).toEqual([])
  })

  test('the panels have different ids and do not overlap', () => {
    const all = dashboard.panels as Yaml[]
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })

  test('there is an alert for each case that wakes somebody', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'CrewDown',
      'CrewFailedRate',
      'CrewCircuitOpen',
      'CrewOldestQueuedAge',
      'CrewNothingFinishes',
      'CrewStoreNearFull',
      'CrewStoreTakesNoWrites',
      'CrewScheduleMissed',
    ])
    expect(rules.filter(({ annotations }) => !annotations.summary || !annotations.description)).toEqual([])
  })
})

describe('promtool', () => {
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(findPromtool(), args, {
      cwd: join(deploy, 'prometheus'),
      encoding: 'utf8',
    })
    return { status, said: status === 0 ? '' : stdout + stderr }
  }
  const fine = { status: 0, said: '' }

  test('finds no fault in the rules', () => {
    expect(promtool('check', 'rules', 'alerts.yml')).toEqual(fine)
  })

  test('sees the alerts fire when they should, and not when they should not', () => {
    expect(promtool('test', 'rules', 'alerts.test.yml')).toEqual(fine)
  })

  test('can read what Prometheus is started with', () => {
    expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toEqual(fine)
  })
})
