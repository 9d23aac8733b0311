import { randomInt } from 'node:crypto'
import { type Random, seededRandom } from '../../../server/selftest/random.ts'

export { type Random, seededRandom as seeded }

/** `CREW_TEST_SEED` repeats a run; otherwise each has its own. Printed, as a failure is worth nothing without it. */
export function makeRandom(name: string): Random {
  const seed = Number(process.env.CREW_TEST_SEED ?? randomInt(2 ** 31))
  console.log(`${name}: CREW_TEST_SEED=${seed}`)
  return seededRandom(seed)
}
