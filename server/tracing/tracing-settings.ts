/** Where spans go and which, as the standard variables of OpenTelemetry say. */
export interface TracingSettings {
  readonly url: string
  /** May hold credentials: they go into the request and nowhere else. */
  readonly headers: Readonly<Record<string, string>>
  /** The share of groups that is traced, from 0 to 1. */
  readonly ratio: number
  readonly resource: Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string | undefined>>

/** Null: nothing is traced. `problem`: why, when somebody meant it to be; a trace is no reason not to start. */
export type TracingChoice = { readonly settings: TracingSettings | null; readonly problem: string | null }

const OFF: TracingChoice = { settings: null, problem: null }

/** Tracing is on when an endpoint is named. */
export function readTracingSettings(env: Env): TracingChoice {
  const set = (name: string): string => env[name]?.trim() ?? ''
  const endpoint = endpointOf(set)
  if (endpoint === null || set('OTEL_SDK_DISABLED').toLowerCase() === 'true') return OFF
  const exporter = set('OTEL_TRACES_EXPORTER') || 'otlp'
  if (exporter === 'none') return OFF
  if (exporter !== 'otlp') return off(`OTEL_TRACES_EXPORTER is "${exporter}": Crew has otlp and none`)
  const protocol = set('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') || set('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol === 'grpc')
    return off('OTEL_EXPORTER_OTLP_PROTOCOL is "grpc": Crew sends over HTTP, mostly to port 4318')
  // Not shown: it may hold a password.
  if (!/^https?:$/.test(URL.parse(endpoint.url)?.protocol ?? ''))
    return off(`${endpoint.name} is no address: expected one like http://collector:4318`)
  const ratio = ratioOf(set('OTEL_TRACES_SAMPLER'), set('OTEL_TRACES_SAMPLER_ARG'))
  if (ratio === null) return off('OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG do not say a share from 0 to 1')
  const headers = set('OTEL_EXPORTER_OTLP_TRACES_HEADERS') || set('OTEL_EXPORTER_OTLP_HEADERS')
  return {
    settings: { url: endpoint.url, headers: pairsOf(headers), ratio, resource: resourceOf(set) },
    problem: null,
  }
}

const off = (problem: string): TracingChoice => ({ settings: null, problem: `${problem}; nothing is traced.` })

/** The address for traces is used as it is; to the one for everything their path is added. */
function endpointOf(set: (name: string) => string): { name: string; url: string } | null {
  const [forTraces, forAll] = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
  if (set(forTraces) !== '') return { name: forTraces, url: set(forTraces) }
  if (set(forAll) === '') return null
  return { name: forAll, url: `${set(forAll).replace(/(?<!\/)\/+$/, '')}/v1/traces` }
}

/**
 * A group is the root of its trace, so that a sampler that looks at a parent decides as it would without. Null: it is none that is
 * known.
 */
function ratioOf(sampler: string, argument: string): number | null {
  switch (sampler.replace(/^parentbased_/, '')) {
    case '':
    case 'always_on':
      return 1
    case 'always_off':
      return 0
    case 'traceidratio': {
      const ratio = argument === '' ? 1 : Number(argument)
      return ratio >= 0 && ratio <= 1 ? ratio : null
    }
    default:
      return null
  }
}

function resourceOf(set: (name: string) => string): Record<string, string> {
  const attributes = pairsOf(set('OTEL_RESOURCE_ATTRIBUTES'))
  const name = set('OTEL_SERVICE_NAME') || attributes['service.name'] || 'crew'
  return { ...attributes, 'service.name': name }
}

/** `a=1,b=2`, percent-encoded. What is no pair is left out. */
function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=')
    return at < 1 ? ['', ''] : [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]
  })
  return Object.fromEntries(pairs.filter(([name]) => name !== ''))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
