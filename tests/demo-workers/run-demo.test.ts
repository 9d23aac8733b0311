import { describe, expect, test } from 'vitest'
import { type DemoOptions, runDemo } from '../../demo-workers/run-demo.ts'
import { createTinyCrew } from './tiny-crew.ts'
import { createTinyApi, problem } from './tiny-crew-api.ts'

const CONTROL = /\p{Cc}/u

/** A run of a demo against a tiny Crew that moves on while the client sleeps. */
function makeRun(
  options: Partial<DemoOptions> & { readonly random?: () => number; readonly serverToken?: string } = {},
) {
  const { random, serverToken, ...demo } = options
  const crew = createTinyCrew(random && { random })
  const api = createTinyApi(crew, serverToken === undefined ? {} : { token: serverToken })
  const lines: string[] = []
  const printedAt: number[] = []
  const run = () =>
    runDemo({
      name: 'campaign',
      url: 'http://crew.test:8090/',
      isTty: false,
      fetch: api.fetch,
      now: () => crew.clock.now,
      sleep: (ms) => crew.advance(ms),
      out: (line) => {
        lines.push(line)
        printedAt.push(crew.clock.now)
      },
      ...demo,
    })
  return { run, crew, api, lines, printedAt, text: () => lines.join('\n') }
}

describe('the campaign demo', () => {
  test('shows the continuation, failures with their retries, holds, the join and the end', async () => {
    const { run, text } = makeRun()
    expect(await run()).toBe(0)
    expect(text()).toContain('task group campaign-')
    expect(text()).toContain('+ "Plan the campaign" created 18 tasks')
    expect(text()).toMatch(/‖ workgroup ad-account-4711 is held for \d(\.\d)? s \(rate limited\)/)
    expect(text()).toMatch(
      /✗ "Ad 1\.2: video" attempt 1 failed: ad platform answered 500: .*; retry at \d\d:\d\d:\d\d, in /,
    )
    expect(text()).toContain('▶ "Quality check" started: its 13 parents are complete')
    expect(text()).toContain('Result: Alpine Shell Jacket: 12 ads in 3 ad sets are ready to launch, with 3 warnings.')
    expect(text()).toMatch(/Succeeded: 19 tasks, 6 failed attempts retried, [3-6] holds seen, \d\d s\.$/)
    expect(text()).not.toContain('somebody-else')
  })

  test('ends with the finished graph as a tree', async () => {
    const { run, lines } = makeRun()
    await run()
    const start = lines.indexOf('') + 1
    expect(lines.slice(start, lines.indexOf('', start))).toEqual([
      '✓ Plan the campaign                 succeeded, 1 attempt',
      '└─ ✓ Campaign: Alpine Shell Jacket  succeeded, 1 attempt',
      '   ├─ ✓ Ad set 1: Trail runners     succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 1.1: image            succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 1.2: video            succeeded, 2 attempts',
      '   │  ├─ ✓ Ad 1.3: image            succeeded, 1 attempt',
      '   │  └─ ✓ Ad 1.4: carousel         succeeded, 2 attempts',
      '   ├─ ✓ Ad set 2: Weekend hikers    succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 2.1: image            succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 2.2: video            succeeded, 2 attempts',
      '   │  ├─ ✓ Ad 2.3: image            succeeded, 1 attempt',
      '   │  └─ ✓ Ad 2.4: carousel         succeeded, 2 attempts',
      '   ├─ ✓ Ad set 3: City commuters    succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 3.1: image            succeeded, 1 attempt',
      '   │  ├─ ✓ Ad 3.2: video            succeeded, 2 attempts',
      '   │  ├─ ✓ Ad 3.3: image            succeeded, 1 attempt',
      '   │  └─ ✓ Ad 3.4: carousel         succeeded, 2 attempts',
      '   └─ ✓ Quality check               succeeded, 1 attempt, joins 12',
      '      └─ ✓ Notify marketing         succeeded, 1 attempt',
    ])
  })

  test('prints plain lines without a terminal, and progress at most once a second', async () => {
    const { run, lines, printedAt } = makeRun()
    await run()
    expect(lines.filter((line) => CONTROL.test(line))).toEqual([])
    const times = printedAt.filter((_, index) => lines[index]?.includes(' %  '))
    expect(times.length).toBeGreaterThan(8)
    // The very last one shows the end, whenever the one before it was.
    const gaps = times.slice(0, -1).map((time, index) => time - (times[index - 1] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000)
    expect(lines.filter((line) => line.includes('████████████████████ 100 %  19 succeeded'))).toHaveLength(1)
  })

  test('moves one progress line along on a terminal and leaves it above the tree', async () => {
    const { run, lines } = makeRun({ isTty: true })
    await run()
    const bars = lines.filter((line) => line.includes('░') || line.includes('█'))
    expect(bars.every((line) => line.includes('\u001b[?7l') && line.endsWith('\u001b[?7h'))).toBe(true)
    const afterBar = lines.filter((_, index) => lines[index - 1]?.includes('\u001b[?7h'))
    expect(afterBar.slice(0, -1).every((line) => line.startsWith('\u001b[1A\u001b[2K'))).toBe(true)
    expect(afterBar.at(-1)).toBe('')
    expect(lines.slice(lines.indexOf('')).some((line) => CONTROL.test(line))).toBe(false)
  })

  test('answers 1 and says what failed when the group fails', async () => {
    const { run, text } = makeRun({ random: () => 0.001 })
    expect(await run()).toBe(1)
    expect(text()).toMatch(/attempt 5 failed: .*; no attempts left/)
    expect(text()).toMatch(/Failed: "Campaign: Alpine Shell Jacket" \(campaign-.*\): ad platform answered 503/)
    expect(text()).toMatch(/✗ Campaign: Alpine Shell Jacket +failed, 5 attempts/)
    expect(text()).toMatch(/Failed: 19 tasks, 5 failed attempts, 0 holds seen/)
  })
})

describe('the diamond demo', () => {
  test('plays to its end', async () => {
    const { run, text } = makeRun({ name: 'diamond' })
    expect(await run()).toBe(0)
    expect(text()).toContain('+ "Seed" created 4 tasks')
    expect(text()).toContain('▶ "D" started: its 3 parents are complete')
    expect(text()).toMatch(/Succeeded: 5 tasks, 0 failed attempts retried, 0 holds seen/)
  })
})

describe('what stands in the way of a demo', () => {
  const nowhere: typeof fetch = async () => {
    throw new TypeError('fetch failed')
  }

  test('an unknown name is answered with those that there are', async () => {
    const { run, lines } = makeRun({ name: 'circus' })
    expect(await run()).toBe(2)
    expect(lines).toEqual(['There is no demo "circus": it is campaign, diamond or storm.'])
  })

  test('without a server it says in one sentence how to start one', async () => {
    const { run, lines } = makeRun({ fetch: nowhere })
    expect(await run()).toBe(2)
    expect(lines).toEqual([
      'No Crew server answers at http://crew.test:8090: start one with `npm start` (or `crew start --demo`), or give the right address with --url.',
    ])
  })

  test.each(['localhost:8090', 'not a url', 'ftp://crew.test', ''])('"%s" is no address of a server', async (url) => {
    const { run, lines } = makeRun({ url })
    expect(await run()).toBe(2)
    expect(lines).toEqual([`"${url}" is not a server's address: expected http://HOST:PORT.`])
  })

  test('a server that wants a token is told apart from one that does not accept it', async () => {
    const without = makeRun({ serverToken: 'secret' })
    expect(await without.run()).toBe(2)
    expect(without.lines).toEqual([
      'The server at http://crew.test:8090 wants a token: set CREW_AUTH_TOKEN or pass --token.',
    ])
    const wrong = makeRun({ serverToken: 'secret', token: 'wrong' })
    expect(await wrong.run()).toBe(2)
    expect(wrong.text()).toContain('does not accept this token: set CREW_AUTH_TOKEN or pass --token.')
  })

  test('a token is sent with every request, and none without one', async () => {
    const withToken = makeRun({ name: 'diamond', serverToken: 'secret', token: 'secret' })
    expect(await withToken.run()).toBe(0)
    expect(new Set(withToken.api.requests.map((request) => request.authorization))).toEqual(new Set(['Bearer secret']))
    const authOff = makeRun({ name: 'diamond' })
    expect(await authOff.run()).toBe(0)
    expect(new Set(authOff.api.requests.map((request) => request.authorization))).toEqual(new Set([null]))
  })

  test('a user name and password are exchanged for a token', async () => {
    const right = makeRun({ name: 'diamond', serverToken: 'secret', username: 'admin', password: 'right' })
    expect(await right.run()).toBe(0)
    expect(right.api.requests[0]).toMatchObject({ method: 'POST', path: '/login', authorization: null })
    const wrong = makeRun({ serverToken: 'secret', username: 'admin', password: 'wrong' })
    expect(await wrong.run()).toBe(2)
    expect(wrong.lines).toEqual(['The server at http://crew.test:8090 does not know this user name and password.'])
  })

  test('something else than Crew at the address is named as such', async () => {
    const website = makeRun({ fetch: async () => new Response('<h1>Hello</h1>') })
    expect(await website.run()).toBe(2)
    expect(website.lines).toEqual(['http://crew.test:8090 does not answer as a Crew server does.'])
    const other = makeRun({ fetch: async () => problem(404, 'No such route.') })
    expect(await other.run()).toBe(2)
    expect(other.lines).toEqual([
      'POST http://crew.test:8090/api/v1/task_groups/graph was answered with 404: No such route.',
    ])
  })

  test('a server without an address for the workers is told how to get one', async () => {
    const states = { state: 'active', counts: { throttled: 1 }, completedPercent: 0, workgroups: [] }
    const tasks = [{ id: 'seed', worker: 'campaign/plan', state: 'throttled', parentIds: [], errors: [] }]
    const reasons = [{ code: 'no_address', message: 'worker campaign/plan has no address' }]
    const { run, lines } = makeRun({ fetch: async () => Response.json({ ...states, tasks, reasons }) })
    expect(await run()).toBe(2)
    expect(lines.at(-1)).toBe(
      'The server knows no address for worker campaign/plan: start it with the demo workers (`npm start` or `crew start --demo`), or set CREW_WORKER_BASE_URL.',
    )
  })
})

describe('what happens to a demo on its way', () => {
  const refused = (): Response => {
    throw new TypeError('connection refused')
  }
  const brokenOff = () =>
    new Response(
      new ReadableStream({
        start(body) {
          body.enqueue(new TextEncoder().encode('{"state":'))
          body.error(new Error('connection reset'))
        },
      }),
    )

  /** Answers like the tiny Crew, except while `isAway` says that it is not there. */
  function flickering(isAway: (request: number) => boolean, away = refused) {
    const inner = makeRun({ name: 'diamond' })
    let requests = 0
    const flicker: typeof fetch = async (input, init) => {
      requests += 1
      if (isAway(requests)) return away()
      return inner.api.fetch(input, init)
    }
    const outer = {
      name: 'diamond',
      fetch: flicker,
      sleep: (ms: number) => inner.crew.advance(ms),
      now: () => inner.crew.clock.now,
    }
    const lines: string[] = []
    return {
      run: () => runDemo({ ...outer, url: 'http://crew.test', isTty: false, out: (line) => lines.push(line) }),
      lines,
    }
  }

  test('a server that is restarted is waited for', async () => {
    const { run, lines } = flickering((request) => request > 9 && request < 30)
    expect(await run()).toBe(0)
    const text = lines.join('\n')
    expect(text.match(/the server does not answer/g)).toHaveLength(1)
    expect(text.match(/the server answers again/g)).toHaveLength(1)
    expect(lines.at(-1)).toContain('Succeeded: 5 tasks')
  })

  test('a server that dies in the middle of an answer is waited for as well', async () => {
    const { run, lines } = flickering((request) => request > 9 && request < 30, brokenOff)
    expect(await run()).toBe(0)
    expect(lines.join('\n')).toContain('the server answers again')
  })

  test('a server that stays away ends the demo', async () => {
    const { run, lines } = flickering((request) => request > 9)
    expect(await run()).toBe(2)
    expect(lines.at(-1)).toContain('No Crew server answers')
  })

  test('a group that is deleted ends the demo', async () => {
    const { run, crew, lines } = makeRun({
      sleep: async (ms) => {
        await crew.advance(ms)
        crew.tasks.clear()
      },
    })
    expect(await run()).toBe(1)
    expect(lines.at(-1)).toMatch(/^The task group campaign-\w+ was deleted while it ran\.$/)
  })

  test('an interruption ends the watching, not the group', async () => {
    const person = new AbortController()
    const { run, lines, crew } = makeRun({
      signal: person.signal,
      sleep: async () => {
        person.abort()
        throw person.signal.reason
      },
    })
    expect(await run()).toBe(130)
    expect(lines.at(-1)).toBe('Stopped watching; the task group goes on without you.')
    expect(crew.tasks.size).toBe(1)
  })

  test('text from the server cannot move the cursor', async () => {
    const evil = '\u001b[2Jboo\u0007\u009b2J\u202e'
    const errors = [`${evil}\nsecond line`]
    const tasks = [{ id: 'seed', name: evil, worker: evil, state: evil, parentIds: [], errors, remainingAttempts: 1 }]
    const holds = [{ name: 'w', heldUntil: '2099-01-01T00:00:00Z', reason: evil }]
    const body = { state: 'failed', counts: { [evil]: 1 }, completedPercent: 0, tasks, workgroups: holds }
    const { run, lines } = makeRun({ fetch: async () => Response.json(body) })
    expect(await run()).toBe(1)
    expect(lines.filter((line) => CONTROL.test(line))).toEqual([])
    expect(lines.join('\n')).toContain('second line')
  })
})
