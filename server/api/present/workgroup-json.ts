import type { WorkgroupRow } from '../../../storage/task-storage.ts'
import { formatTime } from '../../core/time.ts'

/** A workgroup as clients see it. */
export function workgroupJson(workgroup: WorkgroupRow): string {
  return JSON.stringify(presentWorkgroup(workgroup))
}

/** A page of workgroups, with how many there are over all pages. */
export function workgroupListJson(workgroups: readonly WorkgroupRow[], count: number): string {
  return JSON.stringify({ workgroups: workgroups.map(presentWorkgroup), count })
}

function presentWorkgroup({ name, heldUntil, reason, waiting, running }: WorkgroupRow) {
  return { name, isHeld: heldUntil > 0, heldUntil: formatTime(heldUntil), reason, waiting, running }
}
