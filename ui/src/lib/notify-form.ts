import { textIn } from './limits-form.ts'
import type { EventType, Receiver } from './notify-words.ts'
import { signingSecretIn } from './signing-form.ts'

/** What the names of a receiver's fields begin with. */
export const fieldsOfReceiver = (row: number): string => `receiver ${row} `

/** Who is told, as the rows of a form say it, from the first to the last. */
export const receiversIn = (form: FormData): Receiver[] =>
  form.getAll('receiver').map((row) => {
    const of = fieldsOfReceiver(Number(row))
    return {
      url: textIn(form, `${of}url`),
      events: form.getAll(`${of}events`) as EventType[],
      signingSecret: signingSecretIn(form, of),
    }
  })
