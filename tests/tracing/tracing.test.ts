import { describe, expect, test } from 'vitest'
import type { AttemptObserver } from '../../server/controller/attempt-observer.ts'
import { createCrewMetrics } from '../../server/metrics/crew-metrics.ts'
import { createTracing, type Tracing } from '../../server/tracing/create-tracing.ts'
import { readTracingSettings } from '../../server/tracing/tracing-settings.ts'
import { observerOf } from '../../server/watching.ts'
import { answer, NOW } from '../support/attempts.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'
import { openCollector, type TinyCollector } from './tiny-collector.ts'

interface TracedWorld extends ControllerWorld {
  readonly collector: TinyCollector
  readonly dropped: () => number
  readonly tracing: Tracing
  /** Lets the spans go, and answers all that came. */
  spans(count: number): ReturnType<TinyCollector['received']>
}

async function openTracedWorld(
  env: Record<string, string> = {},
  options: { readonly baseUrl?: null } = {},
): Promise<TracedWorld> {
  const collector = await openCollector()
  let observer: AttemptObserver | null = null
  const late = (): AttemptObserver => observer as AttemptObserver
  const world = await openControllerWorld({
    ...options,
    isStarted: false,
    observer: {
      traceparentOf: (task) => late().traceparentOf(task),
      began: (...began) => late().began(...began),
      ended: (...ended) => late().ended(...ended),
      concluded: (...concluded) => late().concluded(...concluded),
      committed: () => {},
    },
  })
  let dropped = 0
  const metrics = createCrewMetrics({
    ...world,
    random: () => 0,
    version: '1',
    onGroupEnd: (...end) => tracing?.tracer.groupEnded(...end),
  })
  const logger = {
    debug: () => {},
    info: () => {},
    warn: (_: object, message: string) => world.logged.push(message),
    error: () => {},
  }
  const tracing = createTracing({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env },
    timers: world.timers,
    logger,
    ends: metrics.ends,
    version: '1.2.3',
    instance: 'boot-1',
    onDrop: (count) => {
      dropped += count
    },
  })
  if (tracing === null) throw new Error('tracing is off')
  observer = observerOf(metrics.meter, tracing.tracer)
  await world.controller.start()
  return {
    ...world,
    collector,
    tracing,
    dropped: () => dropped,
    async spans(count) {
      await world.advance(1000)
      return collector.received(count)
    },
  }
}

describe('a traced group', () => {
  test('is a trace: a span for each attempt below the root, named by its worker, linked to its parents', async () => {
    const world = await openTracedWorld({
      OTEL_SERVICE_NAME: 'crew-test',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=s%20cret',
    })
    await world.graph([
      { id: 'a', input: '"payload"', workgroup: 'ads' },
      { id: 'b', parentIds: ['a'] },
    ])
    await world.advance(500)
    const sent = world.workers.call('a').headers
    await world.reply('a', answer({ output: 'payload' }))
    await world.advance(100)
    await world.reply('b', answer('payload of an error', 500))
    const [a, b] = await world.spans(2)
    expect(a).toMatchObject({
      name: 'attempt w',
      kind: 3,
      startTimeUnixNano: `${NOW}000000`,
      endTimeUnixNano: `${NOW + 500}000000`,
      status: { code: 0 },
      attributes: {
        'crew.group_id': 'g',
        'crew.task_id': 'a',
        'crew.attempt': 1,
        'crew.worker': 'w',
        'crew.workgroup': 'ads',
        'crew.outcome': 'succeeded',
        'http.response.status_code': 200,
      },
    })
    // The worker's own spans are below the attempt's.
    expect(sent[sent.indexOf('traceparent') + 1]).toBe(`00-${a?.traceId}-${a?.spanId}-01`)
    expect(b).toMatchObject({
      traceId: a?.traceId,
      parentSpanId: a?.parentSpanId,
      status: { code: 2, message: 'failed' },
    })
    expect(b?.links).toMatchObject([{ traceId: a?.traceId, spanId: a?.spanId }])
    const { path, headers, body } = world.collector.requests[0] ?? { path: '', headers: {}, body: '' }
    expect([path, headers['x-key']]).toEqual(['/v1/traces', 's cret'])
    expect(body).not.toMatch(/payload|s cret|workers\.test/)
    expect(world.collector.resources[0]).toMatchObject({ 'service.name': 'crew-test', 'service.version': '1.2.3' })
  })

  test('has its root span when it came to its end', async () => {
    const world = await openTracedWorld()
    await world.graph([{ id: 'a' }])
    await world.advance(500)
    await world.reply('a')
    await world.advance(2000)
    const [attempt, root] = await world.spans(2)
    expect(root).toMatchObject({
      name: 'group',
      traceId: attempt?.traceId,
      spanId: attempt?.parentSpanId,
      startTimeUnixNano: `${NOW}000000`,
      attributes: { 'crew.group_id': 'g', 'crew.outcome': 'succeeded' },
    })
    expect(root?.parentSpanId ?? '').toBe('')
  })

  test('tells an attempt that was accepted with 202 when its callback ended it', async () => {
    const world = await openTracedWorld()
    await world.graph([{ id: 'a' }])
    await world.advance()
    await world.reply('a', answer('', 202))
    await world.advance(5000)
    expect(world.collector.spans).toEqual([])
    const { token } = world.callbacks.of('a', String((await world.storage.getTasks(['a']))[0]?.lease?.token))
    await world.controller.outside.end(token, { kind: 'complete', body: '{}' })
    const [span] = await world.spans(1)
    expect(span?.attributes).toMatchObject({ 'crew.outcome': 'succeeded', 'http.response.status_code': 202 })
    expect(Number(span?.endTimeUnixNano) - Number(span?.startTimeUnixNano)).toBeGreaterThan(5e9)
  })

  test('tells a task that a worker fetched when it is released', async () => {
    const world = await openTracedWorld({}, { baseUrl: null })
    await world.graph([{ id: 'a' }])
    const acquired = world.controller.polls.acquire({ channel: 'w', workerId: 'p1', leaseMs: 60_000, waitMs: 0 })
    await world.advance(5)
    await acquired
    await world.advance(7000)
    const released = world.controller.outside.release(
      'a',
      { workerId: 'p1' },
      { kind: 'complete', body: '{"error":"no"}' },
    )
    await world.advance(5)
    await released
    const [span] = await world.spans(1)
    expect(span?.attributes).toMatchObject({ 'crew.task_id': 'a', 'crew.outcome': 'failed' })
    expect(Number(span?.endTimeUnixNano) - Number(span?.startTimeUnixNano)).toBeGreaterThan(7e9)
  })
})

describe('a collector', () => {
  test('that takes nothing costs spans, which are counted and told once, and nobody waits', async () => {
    const world = await openTracedWorld()
    world.collector.answerWith(400)
    for (let at = 0; at < 2; at++) {
      await world.graph([{ id: `t${at}` }], { id: `g${at}` })
      await world.advance()
      await world.reply(`t${at}`)
      await world.advance(1000)
    }
    await world.tracing.stop()
    expect(world.dropped()).toBeGreaterThanOrEqual(2)
    expect(world.logged.filter((line) => line.includes('takes no spans'))).toHaveLength(1)
  })

  test('that hangs costs memory up to a bound', async () => {
    const world = await openTracedWorld()
    world.collector.answerWith(null)
    const task = { id: 't', groupId: 'g', run: 1, attempts: 1, worker: 'w', workgroup: '', parentIds: [] }
    const end = { outcome: 'succeeded', startedAt: NOW, endedAt: NOW, statusCode: 200 } as const
    for (let at = 0; at < 5000; at++) world.tracing.tracer.ended(task as never, end)
    expect(world.dropped()).toBe(5000 - 4096)
  })
})

describe('the variables of OpenTelemetry', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }

  test('trace nothing unless they name a collector', () => {
    const off = { settings: null, problem: null }
    expect(readTracingSettings({})).toEqual(off)
    expect(readTracingSettings({ OTEL_SERVICE_NAME: 'x' })).toEqual(off)
    expect(readTracingSettings({ ...endpoint, OTEL_SDK_DISABLED: 'TRUE' })).toEqual(off)
    expect(readTracingSettings({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toEqual(off)
  })

  test('say where, with what, and as whom', () => {
    const env = {
      ...endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x, b = 2 ,broken,=no',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test,service.name=ours',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }
    expect(readTracingSettings(env).settings).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: { authorization: 'Bearer x', b: '2' },
      ratio: 0.25,
      resource: { 'deployment.environment': 'test', 'service.name': 'ours' },
    })
    const own = { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.test/x', OTEL_SERVICE_NAME: 'mine' }
    expect(readTracingSettings(own).settings).toMatchObject({
      url: 'https://traces.test/x',
      resource: { 'service.name': 'mine' },
    })
  })

  test.each([
    ['an exporter that Crew has not', { OTEL_TRACES_EXPORTER: 'zipkin' }],
    ['gRPC', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
    ['an address that is none', { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:secret@collector' }],
    ['a share above 1', { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }],
    ['a sampler that is unknown', { OTEL_TRACES_SAMPLER: 'jaeger_remote' }],
  ])('that ask for %s trace nothing and say so, without what may be secret', (_, env) => {
    const { settings, problem } = readTracingSettings({ ...endpoint, ...env })
    expect(settings).toBeNull()
    expect(problem).toMatch(/^OTEL_.*nothing is traced\.$/)
    expect(problem).not.toContain('secret')
  })

  test('that leave a group out tell its workers so', async () => {
    const world = await openTracedWorld({ OTEL_TRACES_SAMPLER: 'always_off' })
    await world.graph([{ id: 'a' }])
    await world.advance()
    const { headers } = world.workers.call('a')
    expect(headers[headers.indexOf('traceparent') + 1]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    await world.reply('a')
    await world.tracing.stop()
    expect(world.collector.requests).toEqual([])
  })
})
