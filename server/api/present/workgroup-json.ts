import { formatTime } from '../../core/time.ts'
import type { WorkgroupView } from '../../services/workgroups.ts'
import { presentGate } from './gate-json.ts'
import { presentHold } from './hold-json.ts'

/** A workgroup as clients see it. */
export function workgroupJson(workgroup: WorkgroupView): string {
  return JSON.stringify(presentWorkgroup(workgroup))
}

/** A page of workgroups, with how many there are over all pages. */
export function workgroupListJson(workgroups: readonly WorkgroupView[], count: number): string {
  return JSON.stringify({ workgroups: workgroups.map(presentWorkgroup), count })
}

function presentWorkgroup({ name, heldUntil, reason, waiting, running, hold, ...gate }: WorkgroupView) {
  return {
    name,
    isHeld: heldUntil > 0,
    heldUntil: formatTime(heldUntil),
    reason,
    hold: hold && presentHold(hold),
    waiting,
    running,
    ...presentGate(gate),
  }
}
