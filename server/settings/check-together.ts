import { isIPv4 } from 'node:net'
import { SettingError } from './setting-error.ts'
import type { Settings } from './settings-table.ts'

/** Refuses what is fine alone and not together; one that could not be read is refused for itself. */
export function checkTogether({ auth, host }: Partial<Settings>): void {
  if (auth === 'off' && host !== undefined && !isLoopback(host)) {
    throw new SettingError(
      `CREW_AUTH is "off" and HOST is "${host}": without a login Crew only listens on this machine; ` +
        'set HOST to 127.0.0.1, or CREW_AUTH to on.',
    )
  }
}

/** Whether only programs of this machine can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
