const encoder = new TextEncoder()

/**
 * The longest beginning of the text that fits into that many bytes of UTF-8. A character is never split, and what has no UTF-8
 * (half a surrogate pair) becomes U+FFFD: the result is stored as it is.
 */
export function cutText(text: string, maxBytes: number): string {
  const beginning = text.slice(0, maxBytes).toWellFormed()
  // A code unit takes at most three bytes.
  if (text.length * 3 <= maxBytes) return beginning
  const { read } = encoder.encodeInto(beginning, new Uint8Array(maxBytes))
  return beginning.slice(0, read)
}
