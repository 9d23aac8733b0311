/** What a server had in memory while nothing was under way and nothing was left to collect, and when: of the rest it uses up to 80 MiB more. */
export interface MemorySample {
  readonly minutes: number
  readonly rssMb: number
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
