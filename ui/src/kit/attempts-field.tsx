import { TextField } from './field.tsx'

const DEFAULT_ATTEMPTS = 5

/** How often what is retried or reset may be tried. */
export const AttemptsField = () => (
  <TextField
    label="Attempts"
    hint="How often each may be tried from now on."
    name="attempts"
    type="number"
    min={0}
    max={1000}
    step={1}
    required
    defaultValue={DEFAULT_ATTEMPTS}
  />
)

export const attemptsIn = (form: FormData): number => Number(form.get('attempts'))
