/** One line of a terminal: longer messages are cut. */
const MAX_LENGTH = 160

/** Text from a server as it may be shown: names and errors are anybody's, so control characters never reach the terminal. */
export function plainText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`
}
