import { secretOf } from '../../server/controller/callbacks.ts'
import type { PolledTask } from '../../server/controller/poll-desk.ts'
import type { Agenda } from './agenda.ts'
import type { Answers } from './answers.ts'
import type { Chance } from './chance.ts'
import type { Boot } from './server.ts'
import type { SimulatedWorkers } from './workers.ts'

/** The worker that is not called, but fetches its tasks. */
export const PULLED = 'pulled'

const WAIT_MS = 1500
const LEASE_MS = 5000
/** A server that was killed never answers. */
const PATIENCE_MS = 5000
const RETRY_MS = 600
const MAX_TRIES = 8

export interface PollerOptions {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly answers: Answers
  readonly workers: SimulatedWorkers
  readonly anyBoot: () => Boot | null
}

/** Fetches a task, works, hands it back, and begins again. */
export function startPoller(name: string, options: PollerOptions): void {
  const { agenda, chance, anyBoot } = options
  const again = (ms: number): void => void agenda.after(ms, `${name} asks for a task`, poll)
  let fetched = 0

  function poll(): void {
    const boot = anyBoot()
    if (!boot) {
      again(500)
      return
    }
    // A name for each task: who has lost its claim to a failover gives out the same attempt of the same task once more.
    const workerId = `${name}-${++fetched}`
    let isOver = false
    const next = (ms: number): void => {
      if (isOver) return
      isOver = true
      cancel()
      again(ms)
    }
    const cancel = agenda.after(PATIENCE_MS, '', () => next(0))
    const request = { channel: PULLED, workerId, leaseMs: LEASE_MS, waitMs: WAIT_MS }
    void boot.controller.polls.acquire(request).then(
      (polled) => {
        // Of a task that comes after its patience ended it knows nothing.
        if (!isOver && polled) handle(polled, workerId, options)
        next(chance.between(50, 400))
      },
      () => next(400),
    )
  }
  again(chance.between(0, 200))
}

function handle({ claimed }: PolledTask, workerId: string, options: PollerOptions): void {
  const { agenda, chance, answers, workers } = options
  const { task, token } = claimed
  const callback = `${task.id}~${secretOf(task.id, token)}`
  answers.posted(task.id, callback)
  agenda.after(chance.between(10, 400), '', () => {
    const given = workers.work({ taskId: task.id, token: callback }, { mayAccept: false })
    if (given?.kind !== 'answer') return
    const body = given.status === 200 ? given.body : JSON.stringify({ error: `HTTP ${given.status}` })
    handBack({ taskId: task.id, attempt: task.attempts, workerId, body }, options)
  })
}

/** To any server, until one hears it. */
function handBack(
  { taskId, body, ...releaser }: { taskId: string; attempt: number; workerId: string; body: string },
  { agenda, anyBoot }: PollerOptions,
): void {
  let isHeard = false
  const tell = (triesLeft: number): void => {
    if (isHeard || triesLeft === 0) return
    const told = anyBoot()?.controller.outside.release(taskId, releaser, { kind: 'complete', body })
    void told?.then(
      () => {
        isHeard = true
      },
      () => {},
    )
    agenda.after(RETRY_MS, '', () => tell(triesLeft - 1))
  }
  tell(MAX_TRIES)
}
