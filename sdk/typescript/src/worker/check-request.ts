import { isSameText } from '../signature/same-text.ts'
import { createVerifier, type Verifier } from '../signature/verifier.ts'
import { Refusal } from './refusal.ts'
import type { Environment, WorkerOptions } from './worker-options.ts'

/** Lets a request through, or throws a Refusal with 401. */
export interface RequestCheck {
  authorization(headers: Headers): Promise<void>
  signature(headers: Headers, body: Uint8Array, environment: unknown): Promise<void>
}

/** The checks that a worker's options ask for. Throws when an option is there and empty: such a worker would be open to all. */
export function createRequestCheck(options: WorkerOptions, now: () => number): RequestCheck {
  const { authorization, secret } = options
  if ('authorization' in options && !authorization) throw empty('authorization')
  if ('secret' in options && !secret) throw empty('secret')
  const verifierOf = verifiers(options, now)
  return {
    async authorization(headers) {
      if (authorization === undefined) return
      if (!(await isSameText(headers.get('authorization') ?? '', authorization))) {
        throw new Refusal(401, 'The Authorization header is not the expected one.')
      }
    },
    async signature(headers, body, environment) {
      const verdict = await verifierOf(environment)?.(headers, body)
      if (verdict?.isVerified === false) throw new Refusal(401, `The request is not verified: ${verdict.reason}.`)
    },
  }
}

const empty = (name: string): TypeError =>
  new TypeError(`${name} is empty: set it, or leave the option out to take requests from anybody`)

function verifiers(options: WorkerOptions, now: () => number): (environment: unknown) => Verifier | undefined {
  const { secret, toleranceSeconds = 300 } = options
  if (secret === undefined) return () => undefined
  const make = (secrets: string | readonly string[]): Verifier => createVerifier(secrets, { toleranceSeconds, now })
  if (typeof secret !== 'function') {
    const verifier = make(secret)
    return () => verifier
  }
  const made = new Map<string, Verifier>()
  return (environment) => {
    const secrets = secret((environment ?? {}) as Environment)
    if (!secrets || secrets.length === 0) throw new Refusal(500, 'The worker has no signing secret.')
    const name = [secrets].flat().join(' ')
    const verifier = made.get(name) ?? make(secrets)
    made.set(name, verifier)
    return verifier
  }
}
