/** A lane is known by what its tasks share (see schema.sql). */
export interface LaneKey {
  readonly groupSeq: number
  readonly worker: string
  readonly workgroup: string
  readonly priority: number
}

/**
 * A lane in memory. `idle`: nothing to claim that we know of; `queued`: in its group's queue, something may be due;
 * `timed`: in the clock's queue until `headAt`; `held`: its group is paused (`heldBy`); `waiting`: in line at the gate of its
 * workgroup, which has no room. `headAt` and `headSeq` are a lower bound of its first claimable task: rows are the truth, lanes
 * only say where to look.
 */
export interface Lane extends LaneKey {
  readonly id: number
  state: 'idle' | 'queued' | 'timed' | 'held' | 'waiting'
  headAt: number
  headSeq: number
  heldBy: string
}

/** When a lane has nothing to claim. */
export const never = Number.POSITIVE_INFINITY

export const idleLane = (id: number, { groupSeq, worker, workgroup, priority }: LaneKey): Lane => ({
  groupSeq,
  worker,
  workgroup,
  priority,
  id,
  state: 'idle',
  headAt: never,
  headSeq: 0,
  heldBy: '',
})
