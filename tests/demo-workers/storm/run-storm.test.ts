import { describe, expect, test } from 'vitest'
import { STORM_DEFAULTS, type StormOptions } from '../../../demo-workers/client/storm/storm-options.ts'
import { type DemoOptions, runDemo } from '../../../demo-workers/run-demo.ts'
import { problem } from '../tiny-crew-api.ts'
import { createTinyStorm } from './tiny-storm.ts'

/** A storm against a tiny Crew that moves on while the client sleeps: 36 tasks, ten calls a second with each key. */
function makeStorm(storm: Partial<StormOptions> = {}, options: Partial<DemoOptions> = {}) {
  const server = createTinyStorm()
  const lines: string[] = []
  const run = () =>
    runDemo({
      name: 'storm',
      storm: { ...STORM_DEFAULTS, tasks: 36, quota: 10, outageSeconds: 0, ...storm },
      url: 'http://crew.test',
      isTty: false,
      fetch: server.fetch,
      now: () => server.clock.now,
      sleep: (ms) => server.advance(ms),
      out: (line) => void lines.push(line),
      ...options,
    })
  return { ...server, run, lines, text: () => lines.join('\n') }
}

describe('a storm', () => {
  test('is watched once a second with a line for each key, and summed up', async () => {
    const { run, lines, text, tasks } = makeStorm()
    expect(await run()).toBe(0)
    expect(tasks).toHaveLength(36)
    expect(lines.filter((line) => /^ +1 s +(steady|paced|blind) /.test(line))).toHaveLength(3)
    expect(text()).toMatch(/^A storm: task group storm-[0-9a-f]{8} at http:\/\/crew\.test\.$/m)
    expect(text()).toContain('36 calls with 3 keys, 10 a second each; no outage.')
    expect(text()).not.toContain('✗')
    expect(lines.at(-1)).toMatch(/^36 of 36 tasks succeeded in \d s\.$/)
  })

  test('that broke a promise answers 1, and says which', async () => {
    const { run, text } = makeStorm({ outageSeconds: 2, tasks: 90 })
    expect(await run()).toBe(1)
    expect(text()).toContain('0.8 s  ✗ the provider is out for paced and blind')
    expect(text()).toContain('2.8 s  ✓ the provider is back')
    expect(text()).toContain('✗ paced came back with at most a tenth of its quota in the first second')
    expect(text()).toContain('✓ no attempt was used up by rate limiting')
    expect(text()).toMatch(/attempts used by the outage +0 +20 +20$/m)
  })

  test('gives the figures as JSON and nothing else when it is told to', async () => {
    const { run, lines } = makeStorm({ isJson: true })
    expect(await run()).toBe(0)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ isControl: false, quota: 10, outageSeconds: 0, tasks: 36, succeeded: 36 },
      keys: [{ key: { name: 'steady', hasOutage: false }, calls: 12 }, { calls: 12 }, { calls: 12 }],
      promises: expect.arrayContaining([{ text: 'all 36 tasks succeeded', isKept: true }]),
    })
  })
})

describe('the control', () => {
  test('switches off what protects, keeps nothing of that, and may break every promise', async () => {
    const { run, requests, lines } = makeStorm({ isControl: true, outageSeconds: 2, tasks: 90 })
    expect(await run()).toBe(0)
    const settings = requests.filter((request) => /(PUT|DELETE) \/api\/v1\/work/.test(request))
    const named = settings.map((request) => request.replace(/[0-9a-f]{8}/, 'RUN'))
    const workgroups = ['steady', 'paced', 'blind'].map((key) => `PUT /api/v1/workgroup/storm-RUN-${key}`)
    expect(named).toEqual([
      'PUT /api/v1/worker/storm/RUN/*',
      ...workgroups,
      'DELETE /api/v1/worker/storm/RUN/*',
      ...workgroups,
    ])
    expect(lines[0]).toContain('Control: the storm without ramps, breakers and headers to pace by')
    expect(lines.join('\n')).toMatch(/what is left is told by +nothing +nothing +nothing$/m)
  })
})

describe('what stands in the way of a storm', () => {
  test('a server without demo workers is told how to get them', async () => {
    const { run, lines } = makeStorm({}, { fetch: async () => problem(404, 'There is nothing here.') })
    expect(await run()).toBe(2)
    expect(lines).toEqual([
      'The server at http://crew.test has no demo workers, and the storm is in them: start it with them (`npm start` or `crew start --demo`).',
    ])
  })

  test('an interruption calls the storm off and leaves nothing behind', async () => {
    const person = new AbortController()
    const { run, lines, requests } = makeStorm(
      { isControl: true },
      {
        signal: person.signal,
        sleep: async () => {
          person.abort()
          throw person.signal.reason
        },
      },
    )
    expect(await run()).toBe(130)
    expect(lines.at(-1)).toBe('Stopped: the storm was called off and its task group deleted.')
    const deleted = requests.filter((request) => request.startsWith('DELETE'))
    expect(deleted.map((request) => request.replace(/[0-9a-f]{8}/, 'RUN'))).toEqual([
      'DELETE /api/v1/task_group/storm-RUN',
      'DELETE /api/v1/worker/storm/RUN/*',
    ])
  })

  test('a server that was started again has forgotten the provider, and the storm says so', async () => {
    const server = createTinyStorm()
    let isGone = false
    const { run, lines } = makeStorm(
      { tasks: 90 },
      {
        fetch: async (input, init) => {
          if (isGone && String(input).includes('/demo/')) return problem(404, 'There is no storm.')
          return server.fetch(input, init)
        },
        now: () => server.clock.now,
        sleep: async (ms) => {
          await server.advance(ms)
          isGone = server.clock.now > Date.parse('2026-11-22T10:00:02.500Z')
        },
      },
    )
    expect(await run()).toBe(1)
    expect(lines.at(-1)).toBe('The storm is gone: its task group was deleted, or its server started again.')
  })

  test('a server that does not answer for a moment is asked again', async () => {
    const server = createTinyStorm()
    let misses = 3
    const { run, lines } = makeStorm(
      {},
      {
        fetch: async (input, init) => {
          if (String(input).includes('task_group/') && misses-- > 0) throw new TypeError('connection refused')
          return server.fetch(input, init)
        },
        now: () => server.clock.now,
        sleep: (ms) => server.advance(ms),
      },
    )
    expect(await run()).toBe(0)
    expect(lines.at(-1)).toContain('36 of 36 tasks succeeded')
  })
})
