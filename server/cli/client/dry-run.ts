import type { ClientWorld } from './client-world.ts'
import { type Server, urlOf } from './connection-flags.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { shown } from './format.ts'
import type { Job } from './job.ts'
import { plainValue, rawMembers } from './raw-members.ts'
import { messageOf, type Order } from './request.ts'
import { previewBulk, previewLines } from './run-bulk.ts'
import { oneLine } from './terminal-text.ts'

interface DryRun {
  readonly job: Job
  readonly order: Order
  /** Null: the filter says which. */
  readonly ids: readonly (string | null)[] | null
  /** Null where the server has no preview of it: then it is not asked. */
  readonly server: Server | null
}

/** What would be done: the server's preview where it has one, else the calls that would be made. */
export async function tellDryRun({ job, order, ids, server }: DryRun, world: ClientWorld): Promise<ExitCode> {
  if (server !== null) {
    const text = await previewBulk({ job, server, body: order.body }, ids === null ? null : ids.map(String))
    const shows = { kind: 'text', lines: previewLines } as const
    world.write(shown([{ id: plainValue(rawMembers(text).get('snapshot')), text }], shows, job.look))
    return EXIT.ok
  }
  const url = urlOf(job.flags, world).replace(/(?<!\/)\/+$/, '')
  for (const id of ids ?? []) {
    const { method, path, body } = messageOf(order, job.noun, id)
    world.write(`${method} ${oneLine(`${url}/${path}`)}\nAuthorization: Bearer ***\n`)
    if (body !== null)
      world.write(`${shown([{ id, text: `{"body":${body}}` }], { kind: 'member', member: 'body' }, job.look)}`)
  }
  return EXIT.ok
}
