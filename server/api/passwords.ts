import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** Hashes for keeping. Argon2id where the runtime has it (Bun), else scrypt; `verifyPassword` knows both. */
export async function hashPassword(password: string): Promise<string> {
  const bun = bunPasswords()
  return bun === null ? hashWithScrypt(password) : bun.hash(password, ARGON2)
}

/** Whether this is the password of the hash. A hash of an unknown form is nobody's. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  if (hash.startsWith('$scrypt$')) return verifyScrypt(password, hash)
  const bun = bunPasswords()
  if (bun === null)
    throw new Error('This password was hashed with argon2id: it can only be checked when running on Bun')
  return bun.verify(password, hash)
}

/** OWASP's first choice with room to spare: 64 MiB and two passes, 170 ms on a small machine. */
const ARGON2 = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 2 } as const

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
