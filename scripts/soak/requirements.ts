import type { Audit, Report, Requirement } from './report.ts'

type Facts = Omit<Report, 'requirements'>

const MAX_SLOPE_MB_PER_HOUR = 1
const MAX_LAG_MS = 250
/** Of two hours at the rate that is asked for, less what faults and looks take. */
const LEAST_SHARE = 0.8
const TOLERANCE = 0.01
/** A few more keys, or connections that are still kept open, are no leak: of one there would be hundreds after as many faults. */
const SLACK = 100

/** What a soak has to show. What a short run cannot tell is not told. */
export function requirementsOf(facts: Facts): Requirement[] {
  const { audits, figures, options, lagMs, violationCount } = facts
  const [first, last] = [audits[0], audits.at(-1)]
  const wanted = options.rate * facts.minutes * 60 * LEAST_SHARE
  return [
    { what: '0 violations of promises', found: String(violationCount), isMet: violationCount === 0 },
    slopeRequirement('least RSS of each five minutes', facts.rssSlopeMbPerHour),
    slopeRequirement('RSS at rest', facts.restingSlopeMbPerHour),
    backToBaseline('open files of each server', first, last, ({ servers }) =>
      Math.max(...servers.map(({ openFds }) => openFds)),
    ),
    ...(options.storage === 'redis'
      ? [
          backToBaseline('Redis keys', first, last, ({ store }) => store.keys),
          backToBaseline('members of sorted sets', first, last, ({ store }) => store.zsetMembers),
        ]
      : []),
    noneLeft('leases left after a drain', audits, ({ store }) => store.leases),
    noneLeft('groups and tasks left after a drain', audits, ({ store }) => store.groups + store.tasks),
    {
      what: `p99 from due to POST while healthy under ${MAX_LAG_MS} ms`,
      found: `${lagMs.p99.toFixed(0)} ms of ${lagMs.count}`,
      isMet: lagMs.count < 1000 ? null : lagMs.p99 < MAX_LAG_MS,
    },
    { what: `${Math.round(wanted)} tasks done`, found: String(figures.tasks), isMet: figures.tasks >= wanted },
  ]
}

function slopeRequirement(of: string, slopeByServer: Facts['rssSlopeMbPerHour']): Requirement {
  const slopes = Object.entries(slopeByServer)
  const known = slopes.flatMap(([, slope]) => (slope === null ? [] : [slope]))
  const found = slopes.map(([name, slope]) => `${name} ${slope === null ? 'not told' : slope.toFixed(2)}`).join(', ')
  const isMet = known.length === 0 ? null : known.every((slope) => slope < MAX_SLOPE_MB_PER_HOUR)
  return { what: `slope of the ${of} under ${MAX_SLOPE_MB_PER_HOUR} MB/h after the warm-up`, found, isMet }
}

function backToBaseline(
  what: string,
  first: Audit | undefined,
  last: Audit | undefined,
  of: (audit: Audit) => number,
): Requirement {
  if (!first || !last || first === last)
    return { what: `${what}: as at the first look`, found: 'one look', isMet: null }
  const [before, after] = [of(first), of(last)]
  const isMet = after <= before * (1 + TOLERANCE) + SLACK
  return { what: `${what}: as at the first look`, found: `${before} → ${after}`, isMet }
}

function noneLeft(what: string, audits: readonly Audit[], of: (audit: Audit) => number): Requirement {
  const most = Math.max(0, ...audits.map(of))
  return { what: `0 ${what}`, found: String(most), isMet: most === 0 }
}
