import { TextField } from './field.tsx'

/** A day: what is spread over longer is a schedule. */
const MAX_SECONDS = 86_400

/** Over how long what becomes due starts, so that not all of it knocks at once. */
export const SpreadField = () => (
  <TextField
    label="Spread over, seconds"
    hint="The starts are spread evenly over this time. Empty is all at once."
    name="spreadSeconds"
    type="number"
    min={0}
    max={MAX_SECONDS}
    step="any"
  />
)

/** Nothing when the field is empty. */
export function spreadIn(form: FormData): { readonly spreadSeconds?: number } {
  const text = String(form.get('spreadSeconds') ?? '').trim()
  return text === '' ? {} : { spreadSeconds: Number(text) }
}
