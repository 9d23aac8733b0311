/** What a server had in memory, and when. */
export interface MemorySample {
  readonly minutes: number
  readonly rssMb: number
}

/** The least of each so many minutes: above it are backlogs, and what the allocator has not given back yet (up to 60 MiB). A leak raises it. */
export function floorsOf<Sample extends MemorySample>(samples: readonly Sample[], everyMinutes: number): Sample[] {
  const spans = Map.groupBy(samples, ({ minutes }) => Math.floor(minutes / everyMinutes))
  return [...spans.values()].map((span) => span.reduce((least, each) => (each.rssMb < least.rssMb ? each : least)))
}

/** Samples by server. */
export class MemoryOfServers {
  readonly #samples = new Map<string, (MemorySample & { pid: number })[]>()

  /** Nothing is remembered of one that is down, or that does not tell. */
  add(name: string, pid: number | null, { minutes, rssMb }: { minutes: number; rssMb: number | null }): void {
    const samples = this.#samples.get(name) ?? []
    this.#samples.set(name, samples)
    if (pid !== null && rssMb !== null && Number.isFinite(rssMb)) samples.push({ minutes, rssMb, pid })
  }

  /** By name, those of the process that each was last. */
  ofLastProcesses(): [name: string, samples: readonly MemorySample[]][] {
    return [...this.#samples].map(([name, samples]) => [name, samples.filter(({ pid }) => pid === samples.at(-1)?.pid)])
  }
}

/** The slope by least squares in MiB an hour, of what was measured after the warm-up; null when that was too short to tell. */
export function slopeMbPerHour(
  samples: readonly MemorySample[],
  warmUpMinutes: number,
  leastMinutes: number,
): number | null {
  const warm = samples.filter(({ minutes }) => minutes >= warmUpMinutes)
  const [first, last] = [warm[0], warm.at(-1)]
  if (!first || !last || last.minutes - first.minutes < leastMinutes) return null
  const meanX = mean(warm.map(({ minutes }) => minutes))
  const meanY = mean(warm.map(({ rssMb }) => rssMb))
  const covariance = sum(warm.map(({ minutes, rssMb }) => (minutes - meanX) * (rssMb - meanY)))
  const variance = sum(warm.map(({ minutes }) => (minutes - meanX) ** 2))
  return (covariance / variance) * 60
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length
