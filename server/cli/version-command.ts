import { VERSION } from '../version.ts'
import type { PlainCommand } from './command.ts'

/** `crew version`. */
export const versionCommand: PlainCommand = {
  name: 'version',
  about: 'tell the version',
  words: { placeholder: '', max: 0 },
  flags: [],
  readsSettings: false,
  async run({ out }) {
    out(VERSION)
    return 0
  },
}
