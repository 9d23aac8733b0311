/** True for a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The field of a JSON object; undefined when there is none. */
export function field(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** The text in a field, or the fallback when it holds anything else. */
export function textField(value: unknown, name: string, fallback: string): string {
  const text = field(value, name)
  return typeof text === 'string' ? text : fallback
}

/** The number in a field, kept within its bounds, or the fallback when it holds anything else. */
export function numberField(
  value: unknown,
  name: string,
  options: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const number = field(value, name)
  if (typeof number !== 'number' || !Number.isFinite(number)) return options.fallback
  return Math.min(Math.max(number, options.min), options.max)
}

/** The list in a field; empty when it holds anything else. */
export function listField(value: unknown, name: string): readonly unknown[] {
  const list = field(value, name)
  return Array.isArray(list) ? list : []
}
