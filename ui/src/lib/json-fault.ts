/** Where JSON text is wrong, in words, or null when it is right. Empty text is wrong too: `null` is the empty value. */
export function jsonFault(text: string): string | null {
  if (text.trim() === '') return 'Write JSON; null is the empty value.'
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}.`
  }
}
