import { Type } from 'typebox'
import { time, workgroup } from './fields.ts'
import { gate } from './gate.ts'
import { hold } from './hold.ts'

/** A workgroup with its hold, its limits and its traffic. */
export const Workgroup = Type.Object({
  name: workgroup,
  isHeld: Type.Boolean(),
  heldUntil: time('Nothing of it starts before; `9999-12-31T23:59:59.999Z` is until somebody resumes it.'),
  reason: Type.String(),
  hold,
  waiting: Type.Integer({ minimum: 0, description: 'Tasks that could run but for the hold, or wait for a slot.' }),
  running: Type.Integer({ minimum: 0 }),
  ...gate,
})
