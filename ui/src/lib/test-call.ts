/** What a test call sends, as JSON text: the input stays as it was typed. */
export function testBody({ input, seconds }: { readonly input: string; readonly seconds: string }): string {
  const timeout = seconds.trim() === '' ? '' : `,"timeoutSeconds":${JSON.stringify(Number(seconds))}`
  return `{"input":${input}${timeout}}`
}

/** Headers of a request or an answer, one a line. */
export const headerLines = (headers: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`))
