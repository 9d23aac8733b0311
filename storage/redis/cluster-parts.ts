import { CrewError } from '../../server/core/errors.ts'
import type { GateRef } from '../task-storage.ts'
import type { Directory } from './directory.ts'
import type { DuePartitions } from './due-partitions.ts'
import type { HeldLeases } from './held-leases.ts'
import type { Partition } from './partition.ts'
import type { PartitionOptions } from './script-runner.ts'
import type { SharedGates } from './shared-gates.ts'

export interface PartitionsOptions extends Omit<PartitionOptions, 'tag'> {
  readonly count: number
}

/** What the reads, the claims and the commits of `Partitions` share. */
export interface ClusterParts {
  readonly options: PartitionsOptions
  readonly partitions: readonly Partition[]
  readonly directory: Directory
  readonly gates: SharedGates
  /** What this server has claimed. */
  readonly leases: HeldLeases
  readonly due: DuePartitions
  /** The store's time, or that of the simulated clock. */
  readonly now: () => string | number
}

export const partitionAt = ({ partitions }: ClusterParts, index: number): Partition => partitions[index] as Partition

export const homeOf = (parts: ClusterParts, groupId: string): Partition =>
  partitionAt(parts, parts.directory.partitionOf(groupId))

/** Where what several partitions share of a gate is kept: its permits, its clocks, its past holds. */
export const gateHomeOf = (parts: ClusterParts, { scope, name }: GateRef): Partition =>
  homeOf(parts, `${scope}:${name}`)

/** Rejects when one of them is away, as soon as all have answered. */
export async function onAll<Result>(parts: ClusterParts, ask: (at: Partition) => Promise<Result>): Promise<Result[]> {
  const { answers, fault } = await askAll(parts.partitions.map(ask))
  if (fault) throw fault
  return answers
}

/** The answers of those that are there, and why the others gave none. */
export async function askAll<Result>(
  asked: readonly Promise<Result>[],
): Promise<{ answers: Result[]; fault: CrewError | null }> {
  const answers: Result[] = []
  let fault: CrewError | null = null
  for (const one of await Promise.allSettled(asked)) {
    if (one.status === 'fulfilled') answers.push(one.value)
    else fault = outageOf(one.reason)
  }
  return { answers, fault }
}

/** What is no outage is a fault of ours, and goes on its way. */
export function outageOf(error: unknown): CrewError {
  if (error instanceof CrewError) return error
  throw error
}
