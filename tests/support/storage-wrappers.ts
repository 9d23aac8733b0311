import type { TaskStorage } from '../../storage/task-storage.ts'

/** The storage with some of its methods replaced; the others are its own. */
export function wrapStorage(storage: TaskStorage, overrides: Partial<TaskStorage>): TaskStorage {
  return new Proxy(storage, {
    get(target, name) {
      const own: unknown = Reflect.get(name in overrides ? overrides : target, name)
      return typeof own === 'function' ? own.bind(name in overrides ? overrides : target) : own
    },
  })
}

/** The storage, and a way to wait until none of its calls is under way. */
export function trackCalls(storage: TaskStorage): { storage: TaskStorage; idle(): Promise<void> } {
  const underWay = new Set<Promise<unknown>>()
  const follow = (call: Promise<unknown>): void => {
    const done = (): void => void underWay.delete(call)
    underWay.add(call)
    call.then(done, done)
  }
  const tracked = new Proxy(storage, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name)
      if (typeof own !== 'function') return own
      return (...given: unknown[]) => {
        const answer: unknown = own.apply(target, given)
        if (answer instanceof Promise) follow(answer)
        return answer
      }
    },
  })
  const idle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled(underWay)
  }
  return { storage: tracked, idle }
}

/** Something comes between reading and writing: `meanwhile` runs once, just before the first commit. */
export function interruptCommit(storage: TaskStorage, meanwhile: () => Promise<unknown>): TaskStorage {
  let isFirst = true
  return wrapStorage(storage, {
    async commit(changeSets) {
      if (isFirst) {
        isFirst = false
        await meanwhile()
      }
      return storage.commit(changeSets)
    },
  })
}

/** The first commits answer `conflict` without writing anything. Tells how many there were. */
export function conflictingStorage(storage: TaskStorage, times: number): { storage: TaskStorage; commits(): number } {
  let commits = 0
  return {
    commits: () => commits,
    storage: wrapStorage(storage, {
      async commit(changeSets) {
        commits++
        return commits <= times ? changeSets.map(() => 'conflict' as const) : storage.commit(changeSets)
      },
    }),
  }
}
