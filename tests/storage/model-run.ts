import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TaskState, taskStates } from '../../server/core/task.ts'
import { simulatedClock } from '../support/simulated-clock.ts'
import { makeModel, stateInModel } from './model.ts'
import { anyCommand, type CommandRun, type RealRun } from './model-commands.ts'
import { compareAudit } from './model-compare.ts'
import { type Counterexample, reportOf } from './model-report.ts'
import type { StorageFactory } from './storage-world.ts'

/** Long enough that leases expire, groups are deleted and made again; short enough that a counterexample shrinks fast. */
const MAX_COMMANDS_PER_RUN = 150

/** Then the smallest counterexample so far has to do: a test that fails is to end before its time is up. */
const MAX_SHRINK_MS = 20_000

export interface ModelTestOptions {
  /** At least this many commands run, else the test fails: a run that met nothing proves nothing. */
  readonly commands: number
  readonly seed: number
}

/** How often each kind of edit met a task in each state. */
export class Coverage {
  readonly #pairs = new Map<string, number>()

  add(edit: string, state: TaskState): void {
    const pair = `${edit} ${state}`
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1)
  }

  /** The pair among those that a run has to meet that was met least. */
  get rarest(): { pair: string; count: number } {
    const counts = requiredPairs.map((pair) => ({ pair, count: this.#pairs.get(pair) ?? 0 }))
    return counts.reduce((least, each) => (each.count < least.count ? each : least))
  }

  get size(): number {
    return this.#pairs.size
  }
}

/** Operators may do anything in any state; the rest needs a task that is ready or runs. */
const requiredPairs: readonly string[] = [
  ...['reset', 'finish', 'delete', 'edit'].flatMap((edit) => taskStates.map((state) => `${edit} ${state}`)),
  ...['succeed', 'fail', 'reap'].map((edit) => `${edit} running`),
  'claim ready',
]

/** Of each pair in a run of 50,000 commands (PROOF section 3). */
const REQUIRED_MEETS = 20

/** Shorter runs are for looking at something; chance decides too much in them. */
const COUNTED_FROM = 10_000

/** Random commands on a model and an engine, the whole state compared after each. */
export function describeStorageModel(name: string, factory: StorageFactory, options: ModelTestOptions): void {
  describe(`${name} beside the model`, () => {
    test(`${options.commands} commands leave both in the same state`, {
      timeout: 30_000 + MAX_SHRINK_MS + options.commands * 40,
    }, async () => {
      console.info(`${name}: seed ${options.seed}`)
      const { executed, coverage } = await runModel(factory, options)
      const { pair, count } = coverage.rarest
      console.info(
        `${name}: ${executed} commands, seed ${options.seed}, ${coverage.size} pairs of edit and state; ${pair}: ${count}`,
      )
      expect(executed).toBeGreaterThanOrEqual(options.commands)
      if (options.commands >= COUNTED_FROM) {
        const required = Math.floor((REQUIRED_MEETS * options.commands) / 50_000)
        expect(count, `times "${pair}" was met`).toBeGreaterThanOrEqual(required)
      }
    })
  })
}

/** Runs at least `commands` commands in worlds of their own; rejects with the shrunk counterexample and its seed. */
export async function runModel(
  factory: StorageFactory,
  { commands, seed, isShrinking = true }: ModelTestOptions & { isShrinking?: boolean },
): Promise<{ executed: number; coverage: Coverage }> {
  const coverage = new Coverage()
  let executed = 0
  const rounds = Math.ceil(commands / 1_000)
  // Each round has a seed of its own, so that a counterexample is found again from the number it prints alone.
  for (let round = 0; executed < commands && round < 4 * rounds; round++) {
    executed += await runRound(factory, { commands: commands - executed, seed: seed + round, isShrinking }, coverage)
  }
  return { executed, coverage }
}

/**
 * Twenty runs, or fewer when enough commands ran; answers how many. fast-check's own time limit is not used, as it leaves the run that
 * it interrupts going on beside the next, on the same store.
 */
async function runRound(
  factory: StorageFactory,
  { commands, seed, isShrinking }: ModelTestOptions & { isShrinking: boolean },
  coverage: Coverage,
): Promise<number> {
  let executed = 0
  let smallest: Counterexample | null = null
  let shrinksUntil = Number.POSITIVE_INFINITY
  const isOver = () => (smallest === null ? executed >= commands : Date.now() > shrinksUntil)
  const property = fc.asyncProperty(
    fc.commands([anyCommand(factory)], { maxCommands: MAX_COMMANDS_PER_RUN, size: 'max' }),
    async (sequence) => {
      if (isOver()) return
      const { model, real } = await openBoth(factory, coverage)
      try {
        await fc.asyncModelRun(() => ({ model, real }), sequence)
        await compareAudit(real.storage)
      } catch (error) {
        shrinksUntil = Math.min(shrinksUntil, Date.now() + MAX_SHRINK_MS)
        smallest = { error, commands: model.begun }
        throw error
      } finally {
        executed += model.executed
        await real.storage.close()
        await factory.cleanup()
      }
    },
  )
  const found = await fc.check(property, { seed, numRuns: 20, endOnFailure: !isShrinking })
  if (smallest) throw reportOf(smallest, { seed, path: found.counterexamplePath, shrinks: found.numShrinks })
  return executed
}

async function openBoth(factory: StorageFactory, coverage: Coverage): Promise<{ model: CommandRun; real: RealRun }> {
  const clock = simulatedClock()
  const { reopen } = factory
  const storage = await factory.open({ clock, bootId: 'boot-0' })
  const model: CommandRun = {
    ...makeModel(clock, 'boot-0'),
    leases: [],
    made: 0,
    isPartitioned: factory.isPartitioned ?? false,
    begun: [],
    executed: 0,
    droppable: [],
    meets: (edit, task) => coverage.add(edit, stateInModel(model, task)),
  }
  return { model, real: { storage, clock, reopen: reopen ? (bootId) => reopen({ clock, bootId }) : null } }
}

/**
 * `CREW_MODEL_COMMANDS` and `CREW_MODEL_SEED`, or what a normal run does: 50,000 commands over the two kinds of SQLite,
 * half a minute side by side on two quiet cores. `share`: of these, for engines that take milliseconds a command.
 */
export function modelTestOptions({ share = 1 }: { share?: number } = {}): ModelTestOptions {
  return {
    commands: Math.ceil((numberOf('CREW_MODEL_COMMANDS') ?? 25_000) * share),
    seed: numberOf('CREW_MODEL_SEED') ?? Math.floor(Math.random() * 2 ** 31),
  }
}

function numberOf(name: string): number | null {
  const text = process.env[name]
  if (text === undefined || text === '') return null
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${name} is "${text}": expected a whole number, 1 or more`)
  return value
}
