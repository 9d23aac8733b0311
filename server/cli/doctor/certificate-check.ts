import { X509Certificate } from 'node:crypto'
import type { Settings } from '../../settings/settings-table.ts'
import { readCertificate } from '../../tls-files.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Whoever renews by hand needs days, and what renews by itself does so a month before the end. */
const SOON_DAYS = 14
const DAY_MS = 86_400_000

/** Whether the certificate that Crew speaks HTTPS with can be used, and for how long. */
export const certificateCheck = (settings: Pick<Settings, 'tlsCert' | 'tlsKey'>, now: number): Check => ({
  name: 'certificate',
  run: async () => {
    const found = readCertificate(settings)
    if (found === null) return ok('none: Crew speaks plain HTTP')
    const { validFrom, validTo, subject } = new X509Certificate(found.cert)
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
    const until = new Date(to).toISOString().slice(0, 10)
    const name = subject.replaceAll('\n', ', ')
    if (to <= now) return fail(`${name} ended on ${until}: renew it, and start the server again`)
    if (from > now) return fail(`${name} is good from ${new Date(from).toISOString()} on: correct the clock, or wait`)
    if (to - now < SOON_DAYS * DAY_MS) return warn(`${name} ends on ${until}: renew it, and start the server again`)
    return ok(`${name}, until ${until}`)
  },
})
