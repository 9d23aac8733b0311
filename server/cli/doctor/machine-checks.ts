import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createSigner } from '../../controller/signer.ts'
import { signatureHeaders } from '../../core/signature.ts'
import { readSigningSecret } from '../../core/signing-secret.ts'
import type { Settings } from '../../settings/settings-table.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** The example that Standard Webhooks publishes (https://www.standardwebhooks.com). */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  parts: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: 1_614_265_330_000, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

/** Whether what is sent would be signed as receivers read it. */
export const signatureCheck: Check = {
  name: 'signatures',
  run: async () => {
    const secret = readSigningSecret(VECTOR.secret)
    const { headers } = signatureHeaders(secret ? [createSigner(secret)] : [], VECTOR.parts)
    if (headers.at(-1) === VECTOR.signature) return ok("the published example's signature is made")
    return fail(
      'the published example of Standard Webhooks is signed wrongly: this build of Crew is broken, get another',
    )
  },
}

const LAG = { turns: 20, turnMs: 10, warnMs: 50, failMs: 500 }

/** How late this process gets its turn: a machine that is busy runs a server late as well. */
export const lagCheck: Check = {
  name: 'event loop',
  run: async (signal) => {
    let worst = 0
    for (let turn = 0; turn < LAG.turns; turn++) {
      const before = performance.now()
      await wait(LAG.turnMs, undefined, { signal })
      worst = Math.max(worst, performance.now() - before - LAG.turnMs)
    }
    const told = `timers came up to ${Math.max(0, worst).toFixed(0)} ms late`
    if (worst > LAG.failMs) return fail(`${told}: the machine is overloaded, give Crew a core`)
    return worst > LAG.warnMs ? warn(`${told}: the machine is busy`) : ok(told)
  },
}

/** Beside connections to workers: files of the storage, Redis, the web UI's tabs. */
const SPARE_FILES = 256

/** Each attempt in flight is an open connection, and so is each tab of the web UI. */
export const filesCheck = ({ maxInFlight }: Pick<Settings, 'maxInFlight'>): Check => ({
  name: 'open files',
  run: async () => {
    const limit = await openFileLimit()
    if (limit === null) return ok('this system tells no limit')
    const needed = maxInFlight + SPARE_FILES
    const told = `at most ${limit}`
    if (limit >= needed) return ok(told)
    return fail(`${told}, and CREW_MAX_IN_FLIGHT=${maxInFlight} needs ${needed}: raise it (ulimit -n, LimitNOFILE=)`)
  },
})

/** Null when there is none, or nobody tells. */
async function openFileLimit(): Promise<number | null> {
  if (process.platform === 'win32') return null
  const text = process.platform === 'linux' ? linuxLimit() : await shellLimit()
  const limit = Number(text)
  return text === null || !Number.isInteger(limit) || limit === 0 ? null : limit
}

function linuxLimit(): string | null {
  try {
    return /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? null
  } catch {
    return null
  }
}

const shellLimit = (): Promise<string | null> =>
  new Promise((resolve) =>
    execFile('/bin/sh', ['-c', 'ulimit -n'], (error, stdout) => resolve(error ? null : stdout.trim())),
  )
