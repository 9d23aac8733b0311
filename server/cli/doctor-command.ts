import { inspectSettings } from '../settings/read-settings.ts'
import type { Settings } from '../settings/settings-table.ts'
import { VERSION } from '../version.ts'
import type { InspectCall, InspectingCommand } from './command.ts'
import { certificateCheck } from './doctor/certificate-check.ts'
import { CHECK_LIMIT_MS, type Check, type Finding, runChecks } from './doctor/check.ts'
import { filesCheck, lagCheck, signatureCheck } from './doctor/machine-checks.ts'
import { clockCheck, findServer, portCheck, publicUrlCheck } from './doctor/server-check.ts'
import { settingsCheck } from './doctor/settings-check.ts'
import { type FoundWorkers, storageChecks } from './doctor/storage-check.ts'
import { lookAtWorkers } from './doctor/worker-checks.ts'
import { OUTPUT_FLAG, outputFormatOf } from './output-flag.ts'

/** `crew doctor`: whether a server would do well here, or does. */
export const doctorCommand: InspectingCommand = {
  name: 'doctor',
  about:
    'look at settings, storage, clock, port, workers and machine, and tell what to do; exit code 1 when one is not well',
  words: { placeholder: '', max: 0 },
  flags: [OUTPUT_FLAG],
  inspectsSettings: true,
  run,
}

async function run({ input, flags, out }: InspectCall): Promise<number> {
  const format = outputFormatOf(flags)
  const { settings } = inspectSettings(input)
  const findings = [
    ...(await runChecks([settingsCheck(input), signatureCheck, lagCheck])),
    // Where settings cannot be used nobody knows what else to look at.
    ...(settings === null ? [] : await lookAround(settings)),
  ]
  const isWell = findings.every(({ status }) => status !== 'fail')
  if (format === 'json') out(JSON.stringify({ version: VERSION, isWell, findings }, null, 2))
  else for (const finding of findings) out(lineOf(finding))
  return isWell ? 0 : 1
}

async function lookAround(settings: Settings): Promise<readonly Finding[]> {
  const server = await findServer(settings, AbortSignal.timeout(CHECK_LIMIT_MS))
  const workers: FoundWorkers = { records: null }
  const checks: readonly Check[] = [
    portCheck(settings, server),
    certificateCheck(settings, Date.now()),
    ...storageChecks({ settings, server, workers }),
    clockCheck(server),
    filesCheck(settings),
    publicUrlCheck(settings, server),
  ]
  const first = await runChecks(checks)
  // Only now it is known which workers there are.
  const world = { settings, server, workers }
  return [...first, ...(await runChecks([{ name: 'workers', run: (signal) => lookAtWorkers(world, signal) }]))]
}

const lineOf = ({ status, name, message }: Finding): string =>
  `${status.padEnd(6)}${name.padEnd(12)}${message.replace(/\s+/g, ' ')}`
