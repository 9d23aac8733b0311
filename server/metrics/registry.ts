import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type CrewMetric, crewMetrics, type MetricSpec, processMetrics } from './metrics-table.ts'

type NameOf<Type extends MetricSpec['type']> = Extract<CrewMetric, { type: Type }>['name']

/** The metrics of the table, by their names. Each Crew of a process has its own. */
export interface CrewRegistry {
  counter(name: NameOf<'counter'>): Counter
  gauge(name: NameOf<'gauge'>): Gauge
  histogram(name: NameOf<'histogram'>): Histogram
  /** In the text format of Prometheus. */
  text(): Promise<string>
}

export function createRegistry(): CrewRegistry {
  const registry = new Registry()
  for (const spec of crewMetrics) addMetric(registry, spec)
  addProcessMetrics(registry)
  return {
    counter: (name) => registry.getSingleMetric(name) as Counter,
    gauge: (name) => registry.getSingleMetric(name) as Gauge,
    histogram: (name) => registry.getSingleMetric(name) as Histogram,
    text: () => registry.metrics(),
  }
}

function addMetric(registry: Registry, { name, type, help, labels, buckets = [] }: MetricSpec): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'counter') new Counter(options)
  else if (type === 'gauge') new Gauge(options)
  else new Histogram({ ...options, buckets: [...buckets] })
}

/** Only those of the table: what prom-client tells of handles is 0 on Bun, and some of its names are against Prometheus' own rules. */
function addProcessMetrics(registry: Registry): void {
  const all = new Registry()
  collectDefaultMetrics({ register: all })
  for (const { name } of processMetrics) {
    const metric = all.getSingleMetric(name)
    if (metric) registry.registerMetric(metric)
  }
}
