// `node scripts/test-layers.mjs REPORT.json…`: how many tests of each layer of proof ran, and for how many seconds, from vitest's reports;
// and how long all layers took by the clock.
// Plain JavaScript without a package: `.ci/run` calls it whatever else failed.
import { readFileSync } from 'node:fs'

/** The first that takes a test counts it. `file` is its path below tests/, `name` its whole name. */
const LAYERS = [
  ['L8 mutants', ({ file }) => file.startsWith('chaos/mutants')],
  ['L3 simulation', ({ file }) => file.startsWith('simulation/')],
  ['L6 fuzz', ({ file }) => file.startsWith('fuzz/')],
  ['L4, L5 processes, stores, network, workers', ({ file }) => file.startsWith('chaos/') || FAULTS.test(file)],
  ['L7 security', ({ file }) => SECURITY.test(file)],
  ['L2 model', ({ file, name }) => file.startsWith('storage/') && /model/i.test(name)],
  ['L1 conformance', ({ name }) => name.startsWith("the port's contract")],
  ['the web UI in a browser', ({ file }) => /^ui\/[^/]+$/.test(file)],
  ['whole servers', ({ file }) => file.startsWith('e2e/')],
  ['L0 units', () => true],
]

/** Of the end-to-end tests those that do harm. */
const FAULTS =
  /^(e2e\/(kill|drain|races|idempotency|polling|redis|schedules|storm|worker-faults|failure-policy)|server\/full-disk)/
const SECURITY =
  /^(security\/|ui\/hostile|core\/(egress|ip-address|signature|client-address)|controller\/(signing|worker-client-egress)|api\/(auth|bad-fields|login|network|refused|roles|session|signing|tokens|users))/

const layers = new Map(LAYERS.map(([layer]) => [layer, { tests: 0, ms: 0 }]))
/** When files with tests of a layer of proof ran. */
const times = []
for (const report of process.argv.slice(2)) {
  for (const { name: path, assertionResults, startTime, endTime } of JSON.parse(readFileSync(report, 'utf8'))
    .testResults) {
    const file = path.slice(path.lastIndexOf('/tests/') + '/tests/'.length)
    let isOfProof = false
    for (const { fullName, duration, status } of assertionResults) {
      const [layer] = LAYERS.find(([, takes]) => takes({ file, name: fullName }))
      const sum = layers.get(layer)
      if (status === 'passed') sum.tests += 1
      sum.ms += duration ?? 0
      isOfProof ||= /^L\d/.test(layer)
    }
    if (isOfProof) times.push([startTime, endTime])
  }
}
for (const [layer, { tests, ms }] of [...layers].sort()) {
  console.log(`${layer.padEnd(45)} ${String(tests).padStart(5)} passed ${(ms / 1000).toFixed(0).padStart(6)} s`)
}

/** Files run beside each other: what the clock says is less than the sum. */
let [clockMs, seenUntil] = [0, 0]
for (const [start, end] of times.sort(([a], [b]) => a - b)) {
  clockMs += Math.max(0, end - Math.max(start, seenUntil))
  seenUntil = Math.max(seenUntil, end)
}
console.log(`${'L0 to L8 by the clock'.padEnd(58)} ${(clockMs / 1000).toFixed(0).padStart(6)} s`)
