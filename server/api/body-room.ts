import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { ApiInstance, Every } from './api-deps.ts'
import { bodyCutOff } from './problem.ts'
import { RetryLaterError } from './retry-later-error.ts'
import { Room } from './room.ts'

export interface BodyRoomOptions {
  /** Of larger bodies, all together. */
  readonly bytes: number
  readonly every: Every
}

/** Nearly all bodies are smaller, and wait for nothing. */
const SMALL_BYTES = 64 * 1024
const MAX_WAIT_MS = 10_000
const RETRY_SECONDS = 5

/**
 * Bounds what large bodies take together (I15). One waits until there is room before it is read, and has its room until it is answered:
 * what is parsed of it lives as long. TCP holds its sender back meanwhile. Without this, 64 bodies of 9 MiB at once took
 * 2.4 GB, and kept everybody else waiting for 0.7 s (Bun 1.4, 2026-11-23).
 */
export function registerBodyRoom(app: ApiInstance, { bytes, every }: BodyRoomOptions): void {
  const room = new Room(bytes)
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { headers } = request
    const announced = Number(headers['content-length'] ?? 0)
    const isChunked = headers['transfer-encoding'] !== undefined
    if (announced <= SMALL_BYTES && !isChunked) return done(null, payload)
    // Made anew at each look: only for those that need it.
    const limit = request.routeOptions.bodyLimit
    // What says that it is over the limit is refused unread.
    if (!isChunked && announced <= limit)
      enter(room, { size: announced, reply, every }).then(() => done(null, payload), done)
    else if (isChunked && limit > SMALL_BYTES)
      done(
        null,
        withRoom(payload as Readable, () => enter(room, { size: limit, reply, every })),
      )
    else done(null, payload)
  })
}

/** A body whose length nobody knows waits when it turns out to be large. */
function withRoom(payload: Readable, enterRoom: () => Promise<void>): Readable {
  async function* parts(): AsyncGenerator<Buffer> {
    let received = 0
    let hasRoom = false
    for await (const part of payload as AsyncIterable<Buffer>) {
      received += part.length
      if (!hasRoom && received > SMALL_BYTES) {
        await enterRoom()
        hasRoom = true
      }
      yield part
    }
  }
  return Readable.from(parts(), { objectMode: false })
}

interface Entry {
  readonly size: number
  readonly reply: FastifyReply
  readonly every: Every
}

/** The place is left when the answer is sent, or the client is gone. */
async function enter(room: Room, { size, reply, every }: Entry): Promise<void> {
  // It went while its login was looked up: that was told, and is not told again.
  if (reply.raw.destroyed) throw bodyCutOff()
  const place = room.enter(size)
  reply.raw.once('close', place.leave)
  let stop = (): void => {}
  const late = new Promise<never>((_, reject) => {
    stop = every(MAX_WAIT_MS, () => reject(tooMany()))
  })
  try {
    await Promise.race([place.entered, late])
  } catch (error) {
    place.leave()
    throw error
  } finally {
    stop()
  }
}

const tooMany = (): RetryLaterError =>
  new RetryLaterError('too_many_requests', 'Too many large bodies at once: send fewer at a time.', RETRY_SECONDS)
