import { useState } from 'react'
import type { LimitsEdit } from '../../api/operations.ts'
import { ApiError } from '../../api/problem.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { changedIn, type Limits, limitsIn } from '../../lib/limits-form.ts'
import { LimitFields } from './limit-fields.tsx'

interface Props {
  /** Whose limits: `workgroup acme`. */
  readonly of: string
  readonly limits: Limits
  readonly error: unknown
  readonly run: (edit: LimitsEdit) => Promise<unknown>
  readonly curl: (edit: LimitsEdit) => string
  readonly onClose: () => void
}

/** The limits of a workgroup, or of all tasks together. It sends what was changed of those it opened with, whoever else changes some meanwhile. */
export function LimitsDialog({ of, limits: given, error, run, curl, onClose }: Props) {
  const [{ maxConcurrent, rateLimit, ramp }] = useState(given)
  const limits = { maxConcurrent, rateLimit, ramp }
  const edit = (form: FormData): LimitsEdit => changedIn(limitsIn(form), limits)
  return (
    <ActionDialog
      title={`Limits of ${of}`}
      about="They hold over all servers, groups and workers. What is under way is left alone."
      confirm="Save"
      done={`Limits of ${of} are set`}
      run={(form) => run(edit(form))}
      curl={(form) => curl(edit(form))}
      onClose={onClose}
    >
      <LimitFields limits={limits} faults={error instanceof ApiError ? error.faults : []} />
    </ActionDialog>
  )
}
