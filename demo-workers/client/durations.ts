/** A duration as people say it: tenths below ten seconds, whole seconds above. */
export function seconds(ms: number): string {
  const value = Math.max(ms, 0) / 1000
  return value < 9.95 ? `${Number(value.toFixed(1))} s` : `${Math.round(value)} s`
}

/** The time on the wall clock, to the second. */
export function clockTime(at: number): string {
  const time = new Date(at)
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
