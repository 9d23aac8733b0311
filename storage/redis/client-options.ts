import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { RedisAddress } from './redis-url.ts'

/** An API call may wait 3 s for the storage in all: one that timed out can be told in time. */
const COMMAND_TIMEOUT_MS = 2000
const CONNECT_TIMEOUT_MS = 2000
/** A connection on which a command was sent and nothing came back for so long is dead, and a new one is made. */
const SOCKET_TIMEOUT_MS = 4000
/** TCP asks after a silent peer. Firewalls and load balancers forget connections that are silent for minutes. */
const KEEP_ALIVE_MS = 10_000
/** How often a Redis that loads its file is asked whether it is done. */
const LOADING_RETRY_MS = 500
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 1000
/** Nodes are told to move on by MOVED; this finds those that came and went while nobody asked them. */
const SLOTS_REFRESH_MS = 10_000
/** Each is one more round trip within one call; a slot on its way moves once. */
const MAX_REDIRECTIONS = 5

/** Before the n-th attempt to connect again; it never gives up. */
export const retryDelayMs = (attempt: number): number => Math.min(attempt * FIRST_RETRY_MS, LONGEST_RETRY_MS)

/**
 * What all connections have in common. A command is sent once: ioredis by default sends one whose answer was lost again, and
 * one INCR counted twice. While there is no connection commands fail at once instead of queueing up.
 */
export function commonOptions({ username, password, isTls }: RedisAddress) {
  return {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    // Also where NODE_TLS_REJECT_UNAUTHORIZED=0 is in the environment: the password goes there.
    ...(isTls && { tls: { rejectUnauthorized: true } }),
    // RESP3 gives nothing that is used here, and costs a HELLO that some managed servers refuse.
    protocol: 2 as const,
    connectionName: 'crew',
    disableClientInfo: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableReadyCheck: true,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    noDelay: true,
    showFriendlyErrorStack: false,
    retryStrategy: retryDelayMs,
    lazyConnect: true,
  } satisfies RedisOptions
}

/**
 * Of a Cluster. Its defaults send a command again whose connection ended (`retryDelayOnFailover`), which may be one that was
 * done; and they wait out a Cluster that is down, longer than a caller may wait.
 */
export function clusterOptions(address: RedisAddress) {
  return {
    redisOptions: commonOptions(address),
    clusterRetryStrategy: retryDelayMs,
    enableOfflineQueue: false,
    enableReadyCheck: true,
    lazyConnect: true,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // A certificate names a host: looked up here, the name would be gone when it is compared.
    ...(address.isTls && { dnsLookup: keepName }),
  } satisfies ClusterOptions
}

const keepName: NonNullable<ClusterOptions['dnsLookup']> = (name, found) => found(null, name)
