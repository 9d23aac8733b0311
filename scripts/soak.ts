// `npm run soak -- --minutes 120`: three servers on one Redis, or one on SQLite, under load and one fault after the other; every few
// minutes all is healed, drained and looked at. Exits with 1 when a promise was broken.
import manifest from '../package.json' with { type: 'json' }
import { readOptions, type SoakOptions, USAGE } from './soak/options.ts'
import { writeReport } from './soak/report.ts'
import { Soak } from './soak/soak.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  let options: SoakOptions
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`soak: ${(error as Error).message}\n${USAGE}`)
    return 2
  }
  console.log(`soak: seed ${options.seed}`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const report = await new Soak(options, manifest.version).run(stop.signal)
  console.log(`soak: the report is ${writeReport(report)}`)
  for (const { what, found, isMet } of report.requirements)
    console.log(`soak: ${isMet === null ? 'too short to tell' : isMet ? 'ok' : 'NOT MET'}: ${what}: ${found}`)
  for (const violation of report.violations.slice(0, 20)) console.error(`soak: VIOLATION: ${violation}`)
  return report.violationCount === 0 ? 0 : 1
}
