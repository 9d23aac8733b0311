/** The part of a structured logger that the server uses: one line per transition, fields first (STYLE 18). */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
