import { decodeBase64 } from '../core/base64.ts'
import { type IpRange, parseRange } from '../core/ip-address.ts'
import { MAX_SIGNING_SECRETS, readSigningSecret, SIGNING_SECRET_ALLOWED } from '../core/signing-secret.ts'

/** What a setting's text may be, and what it becomes. */
export interface Kind<Value> {
  /** Stands for the value in `--help`. */
  readonly placeholder: string
  /** What is allowed, to end a sentence with. */
  readonly allowed: string
  /** As a flag it may stand without a value, and is `true` then. */
  readonly mayStandAlone?: true
  /** Undefined when it is not allowed. */
  parse(text: string): Value | undefined
}

/** A whole number within bounds. */
export function wholeNumber(bounds: {
  readonly min: number
  readonly max: number
  readonly unit?: string
}): Kind<number> {
  const { min, max, unit } = bounds
  return {
    placeholder: 'NUMBER',
    allowed: `${unit ?? 'a whole number'} from ${min} to ${max}`,
    parse: (text) => within(bounds, /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN),
  }
}

/** A number with decimals, above 0. */
export function days(max: number): Kind<number> {
  return {
    placeholder: 'DAYS',
    allowed: `days, more than 0 and up to ${max}, decimals allowed`,
    parse: (text) =>
      within({ min: Number.MIN_VALUE, max }, /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN),
  }
}

function within({ min, max }: { readonly min: number; readonly max: number }, value: number): number | undefined {
  return value >= min && value <= max ? value : undefined
}

/** One of some words. */
export function choice<Word extends string>(words: readonly [Word, ...Word[]]): Kind<Word> {
  return {
    placeholder: words.join('|'),
    allowed: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    parse: (text) => words.find((word) => word === text),
  }
}

/** `true` or `false`. */
export const yesOrNo: Kind<boolean> = {
  placeholder: 'true|false',
  allowed: 'true or false',
  mayStandAlone: true,
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
}

/** `true` or `1`, `false` or `0`: what an operator has to say out loud, in whichever way they know. */
export const consent: Kind<boolean> = {
  placeholder: 'true|false',
  allowed: 'true, 1, false or 0',
  mayStandAlone: true,
  parse: (text) => (/^(true|1)$/.test(text) ? true : /^(false|0)$/.test(text) ? false : undefined),
}

/** Text of a pattern. */
export function text(options: {
  readonly placeholder: string
  readonly allowed: string
  readonly pattern: RegExp
}): Kind<string> {
  const { placeholder, allowed, pattern } = options
  return { placeholder, allowed, parse: (value) => (pattern.test(value) ? value : undefined) }
}

/** A file. Whoever reads it says what is wrong with it. */
export const filePath = text({ placeholder: 'PATH', allowed: 'the path of a file', pattern: /^[^\0]+$/ })

/** The path of a URL; begins and ends with a slash, whether it was written so or not. */
export const urlPath: Kind<string> = {
  placeholder: 'PATH',
  allowed: 'a path like /crew/, of letters, digits and ._~-',
  parse: (value) => (/^(\/[A-Za-z0-9._~-]+)*\/?$/.test(value) ? value.replace(/\/?$/, '/') : undefined),
}

/** Addresses and ranges of them. */
export const ipRanges: Kind<readonly IpRange[]> = {
  placeholder: 'RANGE,RANGE',
  allowed: 'addresses or ranges of them like 10.0.0.0/8 or fd00::/8, separated by commas',
  parse(value) {
    const ranges = value.split(',').map((text) => parseRange(text.trim()))
    return ranges.every((range) => range !== null) ? ranges : undefined
  },
}

/** A key of AES-256. */
export const encryptionKey: Kind<Uint8Array> = {
  placeholder: 'KEY',
  allowed: '32 bytes in base64 or hex, like openssl rand -base64 32 makes them',
  parse(value) {
    const bytes = /^[0-9a-fA-F]{64}$/.test(value) ? Uint8Array.fromHex(value) : decodeBase64(value)
    return bytes?.length === 32 ? bytes : undefined
  },
}

/** What requests are signed by: one secret, or the new one and the one before it. */
export const signingSecrets: Kind<readonly string[]> = {
  placeholder: 'SECRET',
  allowed: `${SIGNING_SECRET_ALLOWED}; or two of them, separated by a comma`,
  parse(value) {
    const texts = value.split(',').map((text) => text.trim())
    return texts.length <= MAX_SIGNING_SECRETS && texts.every(readSigningSecret) ? texts : undefined
  },
}

/** The address that workers' names are appended to. In it, anything but the path would end up in the wrong place. */
export const baseUrl: Kind<string> = {
  placeholder: 'URL',
  allowed: 'http://HOST/PATH or https://HOST/PATH, without user name, query or fragment',
  parse(value) {
    const url = URL.canParse(value) ? new URL(value) : null
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined
    return url.username + url.password + url.search + url.hash === '' ? url.href : undefined
  },
}
