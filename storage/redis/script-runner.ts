import type { Clock } from '../../server/core/clock.ts'
import { type KeyKind, keyOf } from './keys.ts'
import type { ScriptName } from './scripts.ts'
import type { StoreClock } from './store-clock.ts'

/** What a partition asks of the connection. */
export interface ScriptRunner {
  /** Runs a script on the partition with that tag. Rejects with a CrewError when the store is full or away. */
  run(script: ScriptName, tag: string, args: readonly (string | number)[]): Promise<unknown>
  /** Runs one command on a key. */
  command(name: string, key: string, ...args: (string | number)[]): Promise<unknown>
  /** Walks over the keys that begin with the tag, on the server that has them; the cursor is '0' at the start and the end. */
  scan(tag: string, cursor: string, count: number): Promise<{ cursor: string; keys: string[] }>
}

export interface PartitionOptions {
  readonly runner: ScriptRunner
  readonly tag: string
  readonly clock: Clock
  /** What scripts tell of Redis' time; none where the time is simulated. */
  readonly storeClock?: Pick<StoreClock, 'asks' | 'heard'>
  /** `store`: the scripts ask Redis for the time, so that servers whose clocks differ agree; `clock`: they are told (tests). */
  readonly time: 'store' | 'clock'
  readonly bootId: string
  readonly newToken: () => string
}

/** Scripts and commands on one partition. */
export interface PartitionHost {
  run(script: ScriptName, ...args: (string | number)[]): Promise<unknown>
  command(name: string, kind: KeyKind, id: string, ...args: (string | number)[]): Promise<unknown>
}

export function hostOf({ runner, tag, clock, time }: PartitionOptions): PartitionHost {
  return {
    run: (script, ...args) => runner.run(script, tag, [time === 'store' ? '' : clock.now(), ...args]),
    command: (name, kind, id, ...args) => runner.command(name, keyOf(tag, kind, id), ...args),
  }
}
