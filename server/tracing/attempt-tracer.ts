import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'
import type { IdGenerator } from '@opentelemetry/sdk-trace-base'
import type { ObservedEnd } from '../controller/attempt-observer.ts'
import { isOfNotifications } from '../core/delivery.ts'
import type { Task } from '../core/task.ts'
import type { CountedGroup } from '../core/task-group.ts'
import type { RecentEnds } from '../metrics/recent-ends.ts'
import { attemptSpanIdOf, rootSpanIdOf, traceIdOf } from './trace-ids.ts'

/** A join of more parents is linked to the last of them. */
const MAX_LINKS = 32

/** Gives each span the id that was worked out for it. */
export class NextIds implements IdGenerator {
  traceId = ''
  spanId = ''
  generateTraceId = (): string => this.traceId
  generateSpanId = (): string => this.spanId
}

export interface AttemptTracerOptions {
  readonly tracer: Tracer
  readonly ids: NextIds
  readonly ends: RecentEnds
  readonly isSampled: (traceId: string) => boolean
}

/**
 * A trace for each group, a span for each attempt. A span is made when its attempt has ended, from what is known then, so that an attempt
 * in flight costs nothing, and one that another server ends is whole. Nothing of a payload, an error or an address is in it.
 */
export class AttemptTracer {
  readonly #options: AttemptTracerOptions

  constructor(options: AttemptTracerOptions) {
    this.#options = options
  }

  /** W3C trace context: what the worker does is below its attempt. */
  traceparentOf(task: Task): string {
    const traceId = traceIdOf(task.groupId)
    const flags = this.#options.isSampled(traceId) ? '01' : '00'
    return `00-${traceId}-${attemptSpanIdOf(task, task.attempts)}-${flags}`
  }

  ended(task: Task, { outcome, startedAt, endedAt, statusCode }: ObservedEnd): void {
    const traceId = traceIdOf(task.groupId)
    if (!this.#options.isSampled(traceId)) return
    const attributes = {
      'crew.group_id': task.groupId,
      'crew.task_id': task.id,
      'crew.attempt': task.attempts,
      'crew.worker': task.worker,
      ...(task.workgroup !== '' && { 'crew.workgroup': task.workgroup }),
      'crew.outcome': outcome,
      ...(statusCode !== null && { 'http.response.status_code': statusCode }),
    }
    const root = { traceId, spanId: rootSpanIdOf(task.groupId), traceFlags: TraceFlags.SAMPLED, isRemote: true }
    this.#options.ids.spanId = attemptSpanIdOf(task, task.attempts)
    const links = this.#linksOf(task, traceId)
    const options = { kind: SpanKind.CLIENT, startTime: startedAt, attributes, links }
    const parent = trace.setSpanContext(ROOT_CONTEXT, root)
    const span = this.#options.tracer.startSpan(`attempt ${task.worker}`, options, parent)
    end(span, { isError: outcome !== 'succeeded', what: outcome, endedAt: Math.max(startedAt, endedAt) })
  }

  /** The root span is made when the group came to its end; one that goes on and ends again is told again. */
  groupEnded({ id, createdAt }: CountedGroup, outcome: 'succeeded' | 'failed', endedAt: number): void {
    const traceId = traceIdOf(id)
    if (!this.#options.isSampled(traceId) || isOfNotifications(id)) return
    this.#options.ids.traceId = traceId
    this.#options.ids.spanId = rootSpanIdOf(id)
    const attributes = { 'crew.group_id': id, 'crew.outcome': outcome }
    const options = { startTime: createdAt, attributes, root: true }
    const span = this.#options.tracer.startSpan('group', options, ROOT_CONTEXT)
    end(span, { isError: outcome === 'failed', what: outcome, endedAt: Math.max(createdAt, endedAt) })
  }

  /** To the attempts of its parents, as far as they ended on this server lately: their numbers would else be a read each. */
  #linksOf({ parentIds }: Task, traceId: string) {
    return parentIds.slice(-MAX_LINKS).flatMap((id) => {
      const parent = this.#options.ends.get(id)
      if (!parent) return []
      const spanId = attemptSpanIdOf({ id, run: parent.run }, parent.attempt)
      return [{ context: { traceId, spanId, traceFlags: TraceFlags.SAMPLED }, attributes: { 'crew.task_id': id } }]
    })
  }
}

function end(span: Span, { isError, what, endedAt }: { isError: boolean; what: string; endedAt: number }): void {
  if (isError) span.setStatus({ code: SpanStatusCode.ERROR, message: what })
  span.end(endedAt)
}
