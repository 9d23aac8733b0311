import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SettingError } from './settings/setting-error.ts'
import type { Settings } from './settings/settings-table.ts'

/** What TLS is spoken with, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Reads the files that the settings name; null where there are none. Throws a SettingError that says which is of no use. */
export function readCertificate({ tlsCert, tlsKey }: Pick<Settings, 'tlsCert' | 'tlsKey'>): Certificate | null {
  if (tlsCert === null && tlsKey === null) return null
  if (tlsCert === null || tlsKey === null) {
    const [has, lacks] = tlsKey === null ? ['CREW_TLS_CERT', 'CREW_TLS_KEY'] : ['CREW_TLS_KEY', 'CREW_TLS_CERT']
    throw new SettingError(`${has} is set and ${lacks} is not: HTTPS needs both, a certificate and its key.`)
  }
  const cert = readPem('CREW_TLS_CERT', tlsCert)
  const key = readPem('CREW_TLS_KEY', tlsKey)
  const leaf = parse('CREW_TLS_CERT', tlsCert, 'certificate', () => new X509Certificate(cert))
  const privateKey = parse('CREW_TLS_KEY', tlsKey, 'private key without a password', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey))
    throw new SettingError(`CREW_TLS_KEY is "${tlsKey}": its key is not that of the first certificate of ${tlsCert}.`)
  return { cert, key }
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SettingError(`${name} is "${path}": the file cannot be read (${code}).`)
  }
}

/** What a library says of a bad PEM is its inner life, and may hold parts of it. */
function parse<Value>(name: string, path: string, what: string, read: () => Value): Value {
  try {
    return read()
  } catch {
    throw new SettingError(`${name} is "${path}": it holds no ${what} in the form of PEM.`)
  }
}
