import type { AddressInfo } from 'node:net'
import { isIPv6 } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { SettingError } from './settings/setting-error.ts'

/** Where a server listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** Listens, and answers the address it got. Rejects with a SettingError when it cannot be had. */
export async function listen(app: FastifyInstance, wanted: Address): Promise<Address> {
  try {
    await app.listen({ host: wanted.host, port: wanted.port })
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, wanted)
  }
  return { host: wanted.host, port: (app.server.address() as AddressInfo).port }
}

/** The URL of an address for programs of this machine: one that means "everywhere" is reached at the loopback. */
export function urlOf({ host, port, tlsCert = null }: Address & { readonly tlsCert?: string | null }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${tlsCert === null ? 'http' : 'https'}://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`
}

function explain(error: NodeJS.ErrnoException, { host, port }: Address): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new SettingError(`Port ${port} of ${host} is in use: stop what listens there, or set PORT to another one.`)
    case 'EACCES':
      return new SettingError(`Port ${port} may not be opened by this user: set PORT to 1024 or above.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new SettingError(`HOST is "${host}": this machine has no such address; set it to 127.0.0.1 or 0.0.0.0.`)
    default:
      return error
  }
}
