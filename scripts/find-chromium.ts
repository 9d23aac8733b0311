import { statSync } from 'node:fs'

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const NO_BROWSER =
  'This drives a Chromium and finds none: install one (apt-get install chromium), or set CREW_TEST_CHROMIUM to its path.'

/** The Chromium of the system; throws a sentence that says what to do. */
export function findChromium(): string {
  const given = process.env.CREW_TEST_CHROMIUM
  const found = [...(given ? [given] : []), ...PROGRAMS].find((file) => statSync(file, { throwIfNoEntry: false }))
  if (found === undefined) throw new Error(NO_BROWSER)
  return found
}
