import type { Look } from './format.ts'
import type { Noun, Verb } from './verb.ts'

/** A command line that names a verb of a noun. */
export interface Job {
  readonly noun: Noun
  readonly verb: Verb
  readonly flags: ReadonlyMap<string, string>
  readonly words: readonly string[]
  readonly look: Look
}
