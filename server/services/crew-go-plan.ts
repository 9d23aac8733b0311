import { crc32 } from 'node:zlib'
import { readTaskGroupId } from '../core/crew-go-document.ts'
import type { CrewGoSource } from './crew-go-source.ts'

/** A part of the groups of a store, with the ids of their tasks. */
export interface ImportPlan {
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>
  /** Tasks that belong to no group, with the reason. */
  readonly strays: ReadonlyMap<string, Stray>
}

export interface Stray {
  readonly kind: 'malformed' | 'refused' | 'groupless'
  readonly reason: string
}

/** Ids kept at once: some 150 bytes each, so 75 MB. */
const IDS_PER_PLAN = 500_000

/**
 * Sorts the tasks of the store by their groups. crew-go keeps a list of each group's tasks as well, but writes it after the task: after
 * a crash it lacks some. A store with more ids than fit into a plan is read several times, each time for another part of its groups.
 */
export async function* planImport(
  source: CrewGoSource,
  onRead: (tasks: number) => void,
  idsPerPlan = IDS_PER_PLAN,
): AsyncGenerator<ImportPlan> {
  const parts = Math.max(1, Math.ceil((await source.countKeys()) / idsPerPlan))
  for (let part = 0; part < parts; part++) {
    yield planPart(source, (groupId) => crc32(groupId) % parts === part, onRead)
  }
}

async function planPart(
  source: CrewGoSource,
  isInPart: (groupId: string) => boolean,
  onRead: (tasks: number) => void,
): Promise<ImportPlan> {
  const groups = new Map<string, Set<string>>()
  const strays = new Map<string, Stray>()
  for await (const documents of source.scanGroups()) {
    for (const { id } of documents) if (isInPart(id)) groups.set(id, new Set())
  }
  for await (const documents of source.scanTasks()) {
    for (const { id, text } of documents) {
      const groupId = readTaskGroupId(text)
      const named = 'value' in groupId ? groupId.value : ''
      if (!isInPart(named)) continue
      const tasks = groups.get(named)
      if (tasks) tasks.add(id)
      else strays.set(id, 'unusable' in groupId ? groupId.unusable : groupless(named))
    }
    onRead(documents.length)
  }
  return { groups, strays }
}

const groupless = (groupId: string): Stray => ({
  kind: 'groupless',
  reason: `its group ${JSON.stringify(groupId)} does not exist`,
})
