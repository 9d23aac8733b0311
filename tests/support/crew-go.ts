import type { CrewGoDocument } from '../../server/core/crew-go-document.ts'
import type { CrewGoSource } from '../../server/services/crew-go-source.ts'

/** A task as crew-go v1.0.5 writes it; `input` and `output` are JSON text, put in as they are. */
export interface CrewGoTaskFields {
  readonly id: string
  readonly taskGroupId?: string
  readonly input?: string
  readonly output?: string
  readonly [field: string]: unknown
}

export function crewGoTask({ input = 'null', output = 'null', ...fields }: CrewGoTaskFields): CrewGoDocument {
  const before = {
    id: fields.id,
    taskGroupId: 'g',
    name: '',
    worker: 'w',
    workgroup: '',
    key: '',
    remainingAttempts: 5,
    isPaused: false,
    isComplete: false,
    runAfter: '0001-01-01T00:00:00Z',
    isSeed: false,
    errorDelayInSeconds: 30,
  }
  const after = { errors: [], createdAt: '2023-05-01T12:00:00.123456789+02:00', parentIds: [], busyExecuting: false }
  const text = JSON.stringify({ ...before, input: 'INPUT', output: 'OUTPUT', ...after, ...fields })
  return { id: fields.id, text: text.replace('"INPUT"', () => input).replace('"OUTPUT"', () => output) }
}

export function crewGoGroup(fields: { readonly id: string; readonly [field: string]: unknown }): CrewGoDocument {
  const text = JSON.stringify({ name: '', createdAt: '2023-05-01T11:59:59.5+02:00', ...fields })
  return { id: fields.id, text }
}

/** crew-go's store in memory, in steps of two documents. */
export function crewGoSource(groups: readonly CrewGoDocument[], tasks: readonly CrewGoDocument[]): CrewGoSource {
  async function* scan(documents: readonly CrewGoDocument[]) {
    for (let at = 0; at < documents.length; at += 2) yield documents.slice(at, at + 2)
    // A scan of Redis may give a key twice.
    yield documents.slice(0, 1)
  }
  const read = (documents: readonly CrewGoDocument[], ids: readonly string[]) =>
    documents.filter(({ id }) => ids.includes(id))
  return {
    countKeys: async () => groups.length + tasks.length,
    scanGroups: () => scan(groups),
    scanTasks: () => scan(tasks),
    readGroups: async (ids) => read(groups, ids),
    readTasks: async (ids) => read(tasks, ids),
  }
}
