/** What a refusal says of a field, by JSON pointer. */
export interface Fault {
  readonly pointer: string
  readonly detail: string
}

/** What is wrong at a field or below it, or null. */
export function faultAt(faults: readonly Fault[], pointer: string): string | null {
  const found = faults.filter((fault) => isBelow(fault, pointer))
  return found.length === 0 ? null : found.map(({ detail }) => detail).join('; ')
}

/** Those that no field of a form shows. */
export const faultsElsewhere = (faults: readonly Fault[], shown: readonly string[]): readonly Fault[] =>
  faults.filter((fault) => !shown.some((pointer) => isBelow(fault, pointer)))

const isBelow = (fault: Fault, pointer: string): boolean =>
  fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`)

/** A field's name in a pointer (RFC 6901). */
export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
