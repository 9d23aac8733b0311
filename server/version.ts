import manifest from '../package.json' with { type: 'json' }

/** The version of this Crew. */
export const VERSION: string = manifest.version
