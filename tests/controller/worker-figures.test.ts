import { describe, expect, test } from 'vitest'
import { WorkerFigures } from '../../server/controller/worker-figures.ts'
import { figuresOf } from '../../server/core/figures.ts'
import type { Outcome } from '../../server/core/worker-response.ts'
import { SIMULATED_START } from '../support/simulated-clock.ts'

const delays = { workgroupDelayMs: 0, childrenDelayMs: 0, workgroup: null }
const success: Outcome = { kind: 'success', output: 'null', children: [], delays }
const failure = (error: string): Outcome => ({
  kind: 'failure',
  reason: 'failed',
  error,
  output: null,
  delays,
  isRetryable: true,
  retryAfterMs: null,
})

/** Figures, and one way to add to them: an attempt of `ms` that ended so long after the start of the test. */
function makeFigures() {
  const figures = new WorkerFigures()
  const end = (worker: string, endedAt: number, outcome: Outcome = success, ms = 100) => {
    const at = SIMULATED_START + endedAt
    const statusCode = outcome.kind === 'success' ? 200 : 500
    figures.record({ id: `task-of-${worker}`, worker }, { outcome, startedAt: at - ms, endedAt: at, statusCode })
  }
  const read = (worker: string, after: number) => figuresOf(figures.of(worker, SIMULATED_START + after))
  return { figures, end, read }
}

describe('the figures of a worker', () => {
  test('count what ended in the last five minutes', () => {
    const { end, read } = makeFigures()
    end('w', 0)
    end('w', 200_000)
    end('w', 200_000, failure('no'))
    expect(read('w', 200_000)).toMatchObject({ attemptsPerMinute: 0.6, errorShare: 1 / 3 })
    expect(read('w', 310_000)).toMatchObject({ attemptsPerMinute: 0.4, errorShare: 0.5 })
    expect(read('w', 600_000)).toEqual({
      attemptsPerMinute: 0,
      errorShare: null,
      p50Ms: null,
      p95Ms: null,
      lastError: null,
    })
  })

  test('of one worker say nothing of another', () => {
    const { end, read } = makeFigures()
    end('a', 0, failure('no'))
    end('b', 0)
    expect(read('b', 0)).toMatchObject({ attemptsPerMinute: 0.2, errorShare: 0, lastError: null })
    expect(read('c', 0)).toMatchObject({ attemptsPerMinute: 0 })
  })

  test('keep the newest error, cut short', () => {
    const { end, read } = makeFigures()
    end('w', 0, failure('first'))
    end('w', 1000, failure('x'.repeat(10_000)))
    end('w', 2000)
    expect(read('w', 2000).lastError).toEqual({
      at: SIMULATED_START + 1000,
      message: 'x'.repeat(500),
      taskId: 'task-of-w',
      statusCode: 500,
    })
    expect(read('w', 400_000).lastError).toBeNull()
  })

  test('use the same places again after five minutes', () => {
    const { end, read } = makeFigures()
    for (let minute = 0; minute < 60; minute++) end('w', minute * 60_000)
    expect(read('w', 59 * 60_000).attemptsPerMinute).toBe(1)
  })

  test('are forgotten of the worker that was called longest ago when there are more than a thousand', () => {
    const { figures, end, read } = makeFigures()
    end('first', 0)
    end('second', 0)
    for (let i = 0; i < 998; i++) end(`w${i}`, 0)
    end('first', 0)
    end('one more', 0)
    expect(read('second', 0).attemptsPerMinute).toBe(0)
    expect(read('first', 0).attemptsPerMinute).toBe(0.4)
    expect(figures.all(SIMULATED_START)).toHaveLength(1000)
    expect(figures.all(SIMULATED_START)[0]?.[0]).toBe('one more')
  })
})
