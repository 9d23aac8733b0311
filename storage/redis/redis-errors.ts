import { CrewError } from '../../server/core/errors.ts'

/**
 * What a failed command means to a caller of the port: a Redis that takes no more is `storage_full`, one that is away, busy
 * or not (yet) in charge is `storage_unavailable`; all else is a fault of ours and stays what it is. Nothing of the command
 * is in the message, as its arguments are payloads of tasks.
 */
export function asRedisError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CrewError) return error
  const text = error.message
  if (isFull(text)) {
    return new CrewError('storage_full', `Redis takes no more (${firstLine(text)}): make room, it goes on by itself.`)
  }
  if (isAway(error)) {
    return new CrewError('storage_unavailable', `Redis does not answer (${firstLine(text)}): try again in a moment.`)
  }
  return withoutCommand(error)
}

/** Redis never ran the script, since it does not know it (any more): it may be sent whole. */
export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Nobody gets in with this login, and trying again does not help. */
export const isLoginRefused = (error: unknown): boolean =>
  error instanceof Error && /^(WRONGPASS|NOAUTH|ERR invalid password)/.test(error.message)

/** Out of memory, or the disk below the append-only file or the snapshots is full or failing. */
function isFull(text: string): boolean {
  return /^(OOM|NOSPACE)\b/.test(text) || (text.startsWith('MISCONF') && /disk|AOF|space|quota|too large/i.test(text))
}

/**
 * By the first word of Redis: it loads, runs a long script, is a replica, lacks its replicas or its master, or the Cluster is
 * about to change. A redirection arrives here only when there were too many of them in a row.
 */
const AWAY_REPLY =
  /^(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|NOREPLICAS|NOQUORUM|MOVED|ASK|MISCONF|NOAUTH|WRONGPASS|UNKILLABLE)\b|^ERR max number of clients|script killed by user|^Too many Cluster redirections/i

/** What ioredis says when there is no connection, or when one ended under a command. */
const AWAY_CLIENT =
  /^(Command timed out|Command aborted due to connection close|Connection is closed\.|Reached the max retries per request|Stream isn't writeable|Cluster isn't ready|Cluster is (ended|disconnect)|Failed to refresh slots cache|None of startup nodes|No subscriber for the cluster|Socket timeout|Node is disconnected|Connection is (discarded|aborted)|timeout$)/

/** Codes of the operating system, and of TLS (certificates that expire while the server runs). */
const AWAY_CODE =
  /^(E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN|MFILE|NFILE)|ERR_(TLS|SSL|SOCKET|STREAM)\w*|CERT_\w+|\w*_CERT\w*)$/

function isAway(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return (
    AWAY_REPLY.test(error.message) || AWAY_CLIENT.test(error.message) || (code !== undefined && AWAY_CODE.test(code))
  )
}

const LONGEST_REASON = 200

/** ioredis' own words for it speak of its options. */
const ENDED = /^Reached the max retries per request/

const firstLine = (text: string): string => {
  if (ENDED.test(text)) return 'the connection ended under the command'
  return (text.split('\n', 1)[0] ?? '').replace(/(?<!\.)\.+$/, '').slice(0, LONGEST_REASON)
}

/** ioredis hangs the command with all its arguments on an error, and a logger would write them out (I18). */
function withoutCommand(error: Error): Error {
  if (!('command' in error) && !error.message.includes('with args beginning with')) return error
  const told = new Error(error.message.replace(/,? with args beginning with.*$/s, ''), {})
  told.name = error.name
  if (error.stack) told.stack = error.stack.replace(/,? with args beginning with.*$/m, '')
  return told
}
