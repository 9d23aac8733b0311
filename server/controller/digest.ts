import { createHash } from 'node:crypto'

/** 132 bits: what happened has one name, and nothing else has it. */
const DIGEST_LENGTH = 22

/** A short name of a long one: letters, digits, `-` and `_`. */
export const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH)
