import { ROOT_CONTEXT } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { Logger } from '../controller/logger.ts'
import type { Timers } from '../core/clock.ts'
import type { RecentEnds } from '../metrics/recent-ends.ts'
import { AttemptTracer, NextIds } from './attempt-tracer.ts'
import { SpanQueue } from './span-queue.ts'
import { readTracingSettings, type TracingSettings } from './tracing-settings.ts'

export interface TracingOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timers: Timers
  readonly logger: Logger
  readonly ends: RecentEnds
  readonly version: string
  /** The boot of this server. */
  readonly instance: string
  readonly onDrop: (count: number) => void
}

/** Traces of a Crew. */
export interface Tracing {
  readonly tracer: AttemptTracer
  /** Resolves when what is left was sent, or given up. */
  stop(): Promise<void>
}

/** With its own tries again; a batch that is not taken by then is lost. */
const SEND_MS = 5000

/** Null as long as the variables of OpenTelemetry name no collector: then nothing is spent on it. */
export function createTracing(options: TracingOptions): Tracing | null {
  const { settings, problem } = readTracingSettings(options.env)
  if (problem !== null) options.logger.warn({}, problem)
  return settings && startTracing(settings, options)
}

function startTracing(settings: TracingSettings, options: TracingOptions): Tracing {
  const { timers, logger, ends, version, instance, onDrop } = options
  const exporter = new OTLPTraceExporter({
    url: settings.url,
    headers: { ...settings.headers },
    timeoutMillis: SEND_MS,
    // Also where NODE_TLS_REJECT_UNAUTHORIZED=0 is in the environment: the headers may be secrets.
    httpAgentOptions: { rejectUnauthorized: true },
  })
  // Its path and its user may be secrets.
  const collector = new URL(settings.url).host
  const queue = new SpanQueue({
    exporter,
    timers,
    onDrop,
    onTaken: (isTaken) =>
      isTaken
        ? logger.info({ collector }, 'the collector takes spans again')
        : logger.warn({ collector }, 'the collector of traces takes no spans; they are dropped'),
  })
  const ids = new NextIds()
  const resource = { 'service.version': version, 'service.instance.id': instance, ...settings.resource }
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [queue],
    idGenerator: ids,
    // Whether a group is traced is decided before a span is made.
    sampler: new AlwaysOnSampler(),
  })
  logger.info({ collector, ratio: settings.ratio }, 'attempts are traced')
  const tracer = provider.getTracer('crew', version)
  const isSampled = samplerOf(settings.ratio)
  return { tracer: new AttemptTracer({ tracer, ids, ends, isSampled }), stop: () => provider.shutdown() }
}

/** By the id of the trace, so that all servers decide alike. */
function samplerOf(ratio: number): (traceId: string) => boolean {
  if (ratio === 1) return () => true
  const sampler = new TraceIdRatioBasedSampler(ratio)
  const sample = (traceId: string) => sampler.shouldSample(ROOT_CONTEXT, traceId)
  return (traceId) => sample(traceId).decision === SamplingDecision.RECORD_AND_SAMPLED
}
