/** Letter case is ignored for ASCII, as in SQLite. */
export const contains = (text: string, part: string): boolean => lower(text).includes(lower(part))

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/**
 * Texts in the order of these are in the order of SQLite: letter case ignored, then by code point. Strings compare by halves of code
 * points instead, of which those above U+FFFF come before U+E000: they change places here.
 */
export const sortKey = (text: string): string =>
  lower(text).replace(/[\ud800-\uffff]/g, (half) => {
    const code = half.charCodeAt(0)
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800)
  })
