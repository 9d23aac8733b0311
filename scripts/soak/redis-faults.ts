import { setTimeout as pass } from 'node:timers/promises'
import { LEASE_MS } from '../../server/selftest/chaos-site.ts'
import { type Fault, type FaultContext, lastingTrouble, troubleNow } from '../../server/selftest/faults.ts'
import type { TcpProxy } from '../../tests/support/tcp-proxy.ts'
import type { Site } from './site.ts'

type Context = FaultContext<Site>

/** What may be done to several servers on Redis, to Redis, and to the way to it. */
export const REDIS_FAULTS: readonly Fault<Site>[] = [
  { kind: 'roll the servers', isDeadly: true, begin: rollServers },
  { kind: 'freeze Redis', begin: freezeRedis },
  { kind: 'kill Redis', begin: killRedis },
  { kind: 'cut the link', begin: (context) => weather(context, cutAgainAndAgain) },
  { kind: 'slow link', begin: (context) => weather(context, (proxy) => proxy.delay(1000)) },
  { kind: 'hanging link', begin: (context) => weather(context, (proxy) => proxy.hang()) },
  { kind: 'answers lost', begin: (context) => weather(context, (proxy) => proxy.swallowReplies()) },
]

/** One after the other, as an upgrade does. */
async function rollServers({ site: { servers, troubles } }: Context): Promise<() => Promise<void>> {
  for (const server of servers.slice(1)) {
    troubles.push(troubleNow(server.name))
    await server.term()
    await server.start()
  }
  return async () => {}
}

async function freezeRedis({ site: { redis, troubles } }: Context): Promise<() => Promise<void>> {
  troubles.push(troubleNow('redis'))
  redis?.pause()
  return async () => redis?.resume()
}

async function killRedis({ site: { redis, troubles, rollbacks } }: Context): Promise<() => Promise<void>> {
  rollbacks.push(performance.now())
  troubles.push(troubleNow('redis'))
  await redis?.kill()
  return async () => redis?.start()
}

/** To one server. It takes a lease until all that it had in flight is settled. */
async function weather(
  { site, random, signal }: Context,
  brew: (proxy: TcpProxy, signal: AbortSignal) => void,
): Promise<() => Promise<void>> {
  const at = random.between(0, site.servers.length - 1)
  const [server, proxy] = [site.servers[at], site.proxies[at]]
  if (!server || !proxy) throw new Error('there is no link')
  const trouble = lastingTrouble(server.name)
  site.troubles.push(trouble)
  brew(proxy, signal)
  return async () => {
    await proxy.heal()
    trouble.until = performance.now() + LEASE_MS
  }
}

const CUT_EVERY_MS = 700

async function cutAgainAndAgain(proxy: TcpProxy, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    proxy.cut()
    await pass(CUT_EVERY_MS)
  }
}
