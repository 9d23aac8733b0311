const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Names and errors are anybody's: what moves a cursor or turns the direction of writing is shown as a space. */
export const oneLine = (text: string): string => text.replace(CONTROL, ' ').replace(/ {2,}/g, ' ').trim()

/** The same for text of several lines. */
export const lines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\t', '  ').replace(CONTROL, ' '))
    .join('\n')

/** JSON that means the same and moves no cursor: a string may hold such characters, and JSON can spell them. */
export const jsonForTerminal = (text: string): string =>
  text.replace(CONTROL, (found) => (/[\n\t\r]/.test(found) ? found : spelled(found)))

const spelled = (found: string): string =>
  Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/** At most so many characters, the last one telling that there was more. */
export const shortened = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`
