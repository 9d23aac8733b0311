import { createHash, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { Identity } from '../core/roles.ts'
import { identityOf } from './auth/require-login.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** SHA-256 of the body as it came, of requests with an Idempotency-Key; '' without a body. */
    bodyDigest: string
  }
}

const DIGEST_BYTES = 32
const derive = promisify(scrypt) as (secret: string, salt: string, bytes: number) => Promise<Buffer>

/** Called where the bytes are: what is parsed from them is another text. */
export function noteBody(request: FastifyRequest, body: Uint8Array): void {
  if (request.headers['idempotency-key'] !== undefined) request.bodyDigest = digest(body)
}

/** A key is of its caller, method and address with its query: the same key at another place is another key. */
export const idOf = (request: FastifyRequest, key: string): string =>
  digest(JSON.stringify([callerOf(identityOf(request)), request.method, request.url, key]))

/** Users are told apart by name, tokens by their id: their names may be alike. */
const callerOf = ({ kind, name, tokenId }: Identity): readonly string[] => [kind, tokenId ?? name]

/** By which another body is known. One with a password is hashed as slowly as passwords are: digests are guessed from otherwise (I18). */
export async function hashOf(request: FastifyRequest, id: string): Promise<string> {
  const { bodyDigest, routeOptions } = request
  if (routeOptions.config.keyed !== 'secretBody') return bodyDigest
  return (await derive(bodyDigest, id, DIGEST_BYTES)).toString('base64url')
}

const digest = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('base64url')
