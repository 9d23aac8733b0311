import { useState } from 'react'
import type { Worker } from '../../api/operations.ts'
import { TextField } from '../../kit/field.tsx'
import { SelectField } from '../../kit/select-field.tsx'
import { type Fault, faultAt } from '../../lib/faults.ts'
import { LimitFields, NumberField } from '../traffic/limit-fields.tsx'
import { HeaderRows } from './header-rows.tsx'
import { SigningFields } from './signing-fields.tsx'

interface Props {
  readonly worker: Worker
  readonly faults: readonly Fault[]
}

const MODES = [
  ['push', 'push: Crew POSTs its tasks'],
  ['pull', 'pull: it fetches them'],
  ['both', 'both'],
] as const

const GRID = 'grid gap-x-4 sm:grid-cols-2'

/** All that can be set of a worker or a rule; what is wrong stands at its field. */
export function SettingsFields({ worker, faults }: Props) {
  return (
    <>
      <CallFields worker={worker} faults={faults} />
      <h3 className="mt-5 font-semibold">Limits</h3>
      <LimitFields limits={worker} faults={faults} />
      <h3 className="mt-5 font-semibold">After failures</h3>
      <BreakerFields worker={worker} faults={faults} />
      <RetryFields worker={worker} faults={faults} />
    </>
  )
}

function CallFields({ worker, faults }: Props) {
  const { url, isRule, mode, timeoutSeconds, headers, signingSecret } = worker
  return (
    <div className="grid gap-x-4 sm:grid-cols-2">
      <div className="sm:col-span-2">
        <TextField
          label="URL"
          name="url"
          defaultValue={url ?? ''}
          placeholder="https://hooks.example.com/send-mail"
          hint={
            isRule
              ? "With the rest of the worker's name behind it."
              : 'Empty is the base URL of the workers with the name behind it.'
          }
          fault={faultAt(faults, '/url')}
        />
      </div>
      <SelectField label="Mode" name="mode" options={MODES} defaultValue={mode} fault={faultAt(faults, '/mode')} />
      <NumberField
        label="Timeout, seconds"
        name="timeoutSeconds"
        value={timeoutSeconds}
        hint="For tasks that say nothing. Empty is the server's."
        fault={faultAt(faults, '/timeoutSeconds')}
      />
      <HeaderRows headers={headers} faults={faults} />
      <SigningFields
        signingSecret={signingSecret}
        faults={faults}
        hint={
          <>
            Signs each call as Standard Webhooks says: <code>whsec_…</code>, <code>whsk_…</code> or{' '}
            <code>secret:NAME</code>. Empty is the server's for the base URL, and none for a URL of its own.
          </>
        }
      />
    </div>
  )
}

function BreakerFields({ worker: { breaker }, faults }: Props) {
  return (
    <div className={GRID}>
      <NumberField
        label="Breaker: failures in a row"
        name="failures"
        value={breaker.failures}
        hint="Network errors, timeouts and 5xx. 0: it never opens."
        fault={faultAt(faults, '/breaker/failures')}
      />
      <NumberField
        label="Breaker: open, seconds"
        name="openSeconds"
        value={breaker.openSeconds}
        hint="Then one attempt at a time finds out more."
        fault={faultAt(faults, '/breaker/openSeconds')}
      />
    </div>
  )
}

const STRATEGIES = [
  ['', 'as the task says, without growing'],
  ['fixed', 'fixed'],
  ['exponential', 'exponential'],
] as const

function RetryFields({ worker: { retry }, faults }: Props) {
  const [strategy, setStrategy] = useState<string>(retry?.strategy ?? '')
  return (
    <div className={GRID}>
      <SelectField
        label="Wait before a retry"
        name="strategy"
        options={STRATEGIES}
        value={strategy}
        onChange={({ target }) => setStrategy(target.value)}
        hint="How it grows, for tasks that say nothing."
        fault={faultAt(faults, '/retry')}
      />
      {strategy !== '' && (
        <>
          {strategy === 'exponential' && <NumberField label="Factor" name="factor" value={retry?.factor ?? 2} />}
          <NumberField label="At most, seconds" name="maxSeconds" value={retry?.maxSeconds} />
          <NumberField label="Jitter, 0 to 1" name="jitter" value={retry?.jitter ?? 0} />
        </>
      )}
    </div>
  )
}
