/** The exit codes of `crew demo`. */
export const EXIT = { succeeded: 0, failed: 1, unusable: 2, interrupted: 130 } as const
