import { SettingError } from '../../settings/setting-error.ts'
import type { ClientWorld } from './client-world.ts'
import type { Server } from './connection-flags.ts'
import { EXIT, type ExitCode, exitOfGroup, exitOfMany } from './exit-codes.ts'
import { shown } from './format.ts'
import type { Job } from './job.ts'
import { GROUP_ROW } from './nouns/group.ts'
import { type Settled, settle } from './settle.ts'
import { oneLine } from './terminal-text.ts'

/** When `--timeout` is over, in epoch milliseconds; undefined without one. */
export function readDeadline(
  flags: ReadonlyMap<string, string>,
  { now }: Pick<ClientWorld, 'now'>,
): number | undefined {
  const written = flags.get('--timeout')
  if (written === undefined) return undefined
  if (!/^\d{1,9}(\.\d+)?$/.test(written)) throw new SettingError(`--timeout is "${written}": expected seconds.`)
  return now() + Number(written) * 1000
}

interface Wait {
  readonly job: Job
  readonly server: Server
  readonly ids: readonly string[]
  readonly deadline: number | undefined
}

/** Waits for one group after the other, shows how each ended, and answers what a script wants to know of it. */
export async function waitForAll({ job, server, ids, deadline }: Wait, world: ClientWorld): Promise<ExitCode> {
  const ends: Settled[] = []
  for (const id of ids) {
    const end = await settle({ server, id, until: deadline, world })
    ends.push(end)
    tellEnd(id, end, world)
  }
  world.write(
    shown(
      ends.map(({ text }, i) => ({ id: ids[i] ?? null, text })),
      GROUP_ROW,
      job.look,
    ),
  )
  if (ends.some(({ isTooLate }) => isTooLate)) return EXIT.waitedTooLong
  return exitOfMany(ends.map(({ state }) => exitOfGroup(state)))
}

function tellEnd(id: string, { state, isTooLate }: Settled, { tell }: ClientWorld): void {
  const shownId = oneLine(id)
  if (isTooLate)
    tell(`crew: Group ${shownId} is still ${oneLine(state)}: --timeout is over. See crew group why ${shownId}.`)
  else if (state === 'failed')
    tell(`crew: Group ${shownId} failed: see crew task list --group ${shownId} --state failed.`)
}
