import { SettingError } from './setting-error.ts'

/** Sentences about what is wrong with settings, each once. */
export class Faults {
  readonly #sentences = new Set<string>()

  note(sentence: string): void {
    this.#sentences.add(sentence)
  }

  /** What this reads; undefined, and the sentence noted, when it cannot be used. */
  attempt<Value>(read: () => Value): Value | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof SettingError)) throw error
      this.note(error.message)
      return undefined
    }
  }

  get all(): readonly string[] {
    return [...this.#sentences]
  }
}
