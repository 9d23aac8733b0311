import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { CrewError } from '../core/errors.ts'
import { ARGON2, hasArgon2, hashWithArgon2, verifyArgon2 } from './argon2.ts'

/** Hashes for keeping. Argon2id where the runtime has it (Bun, Node 24.7), else scrypt; `verifyPassword` knows both. */
export async function hashPassword(password: string): Promise<string> {
  const bun = bunPasswords()
  if (bun !== null) return bun.hash(password, ARGON2)
  return hasArgon2 ? hashWithArgon2(password) : hashWithScrypt(password)
}

/** Whether this is the password of the hash. A hash of an unknown form is nobody's. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (hash.startsWith('$scrypt$')) return verifyScrypt(password, hash)
  const bun = bunPasswords()
  if (bun !== null) return bun.verify(password, hash)
  if (hasArgon2) return verifyArgon2(password, hash)
  throw new CrewError(
    'password_unreadable',
    'The password was kept by a server on Bun, and this Node cannot check it: run Crew on Bun or Node 24.7 or newer, or set CREW_AUTH_PASSWORD.',
  )
}

interface BunPasswords {
  hash(password: string, options: typeof ARGON2): Promise<string>
  verify(password: string, hash: string): Promise<boolean>
}

/** Looked up at run time: the types of Bun would shadow those of Node everywhere. */
function bunPasswords(): BunPasswords | null {
  const { Bun } = globalThis as { Bun?: { password: BunPasswords } }
  return Bun?.password ?? null
}

/** OWASP's parameters for scrypt: 128 MiB. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const
const KEY_BYTES = 32

async function hashWithScrypt(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt)
  return `$scrypt$ln=17,r=8,p=1$${salt.toString('base64')}$${key.toString('base64')}`
}

async function verifyScrypt(password: string, hash: string): Promise<boolean> {
  const [, , parameters, salt = '', wanted = ''] = hash.split('$')
  if (parameters !== 'ln=17,r=8,p=1') return false
  const key = Buffer.from(wanted, 'base64')
  return key.length === KEY_BYTES && timingSafeEqual(key, await derive(password, Buffer.from(salt, 'base64')))
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
