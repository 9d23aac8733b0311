import type { IncomingMessage, Server } from 'node:http'

const upgrades = new WeakSet<IncomingMessage>()

/** Notes which requests a server takes for upgrades; called before anybody else hears of them. */
export function noteUpgrades(server: Server): void {
  server.on('upgrade', (raw: IncomingMessage) => upgrades.add(raw))
}

/** Whether its connection is to be a websocket, or to be closed: what it asks for does not tell. */
export const isUpgrade = (raw: IncomingMessage): boolean => upgrades.has(raw)
