import * as crypto from 'node:crypto'

/** OWASP's first choice with room to spare: 64 MiB and two passes, 170 ms on a small machine. */
export const ARGON2 = { algorithm: 'argon2id', memoryCost: 65_536, timeCost: 2 } as const

/** As Bun begins the hashes of these. */
const PREFIX = `$${ARGON2.algorithm}$v=19$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=1$`
const KEY_BYTES = 32

/** Node has it since 24.7. */
export const hasArgon2 = (crypto.argon2 as unknown) !== undefined

/** The same as Bun's, without Bun: servers of both may share a store. */
export async function hashWithArgon2(password: string): Promise<string> {
  const salt = crypto.randomBytes(KEY_BYTES)
  const texts = [salt, await derive(password, salt)].map((bytes) => bytes.toString('base64').replaceAll('=', ''))
  return `${PREFIX}${texts.join('$')}`
}

/** Whether this is the password of the hash. One of other parameters is nobody's. */
export async function verifyArgon2(password: string, hash: string): Promise<boolean> {
  if (!hash.startsWith(PREFIX)) return false
  const [salt, key] = hash
    .slice(PREFIX.length)
    .split('$')
    .map((text) => Buffer.from(text, 'base64'))
  if (salt === undefined || key?.length !== KEY_BYTES) return false
  return crypto.timingSafeEqual(key, await derive(password, salt))
}

function derive(password: string, nonce: Buffer): Promise<Buffer> {
  const { algorithm, memoryCost: memory, timeCost: passes } = ARGON2
  const parameters = { message: password, nonce, parallelism: 1, tagLength: KEY_BYTES, memory, passes }
  return new Promise((resolve, reject) => {
    crypto.argon2(algorithm, parameters, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
