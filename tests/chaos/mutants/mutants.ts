/** A deliberate defect, and the test that has to find it. */
export interface Mutant {
  /** What is broken. */
  readonly name: string
  /** The promise of DESIGN section 4 that falls with it. */
  readonly breaks: string
  readonly file: string
  /** Stands once in the file, and is replaced. */
  readonly find: string
  readonly replace: string
  /** Where it is found: a test file, and in it tests whose names hold these words. */
  readonly testFile: string
  readonly test: string
}

/** The seven of the plan of proof: each is a mistake that a change could make, and that most other tests would not notice. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a result counts whatever its token is',
    breaks: 'I3',
    file: 'storage/sqlite/change-applier.ts',
    find: "if (row?.lease_token !== guard.token) return 'leaseLost'",
    replace: "if (!row) return 'leaseLost'",
    testFile: 'tests/storage/sqlite-memory.test.ts',
    test: 'a fenced result is lost also when the task runs again',
  },
  {
    name: 'children are created before the answer that asks for them is booked',
    breaks: 'I5',
    file: 'server/controller/committer.ts',
    find: '      const results = await this.#options.storage.commit(batch.map(({ changeSet }) => changeSet))',
    replace: `      const early = batch.map(({ changeSet }) => ({
        guards: [],
        events: [],
        changes: changeSet.changes.filter(({ kind }) => kind === 'insertTask'),
      }))
      await this.#options.storage.commit(early)
      const rest = batch.map(({ changeSet }) => ({
        ...changeSet,
        changes: changeSet.changes.filter(({ kind }) => kind !== 'insertTask'),
      }))
      const results = await this.#options.storage.commit(rest)`,
    testFile: 'tests/controller/races.test.ts',
    test: 'edits win over answers in flight',
  },
  {
    name: 'nobody looks for leases that have ended',
    breaks: 'I4',
    file: 'server/controller/lease-reaper.ts',
    find: 'const listed = await options.storage.listExpiredLeases(REAPED_PER_COMMIT)',
    replace: 'const listed: Task[] = []',
    testFile: 'tests/controller/leases.test.ts',
    test: 'is given back within a second of its end',
  },
  {
    name: 'a pause is known only to the server that it was told',
    breaks: 'I6',
    file: 'storage/redis/lua/claim-turns.lua',
    find: 'return loadGroup(lane.group).isPaused or lockOf(lane.group) ~= nil',
    replace: 'return lockOf(lane.group) ~= nil',
    testFile: 'tests/storage/redis.test.ts',
    test: 'a paused group holds the tasks it has and those that come later',
  },
  {
    name: 'a Redis that keeps snapshots alone is taken',
    breaks: 'I1',
    file: 'storage/redis/start-checks.ts',
    find: "if (told === '1') return durabilityOf(facts.config?.get('appendfsync'))",
    replace: "if (told !== undefined) return durabilityOf(facts.config?.get('appendfsync'))",
    testFile: 'tests/storage/redis/open-redis.test.ts',
    test: 'a Redis without an append-only file is refused',
  },
  {
    name: 'a command whose answer was lost is sent again',
    breaks: 'I14',
    file: 'storage/redis/client-options.ts',
    find: `    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,`,
    replace: `    autoResendUnfulfilledCommands: true,
    maxRetriesPerRequest: 20,
    enableOfflineQueue: true,`,
    testFile: 'tests/storage/redis/connect.test.ts',
    test: 'a command whose answer was lost is not sent again',
  },
  {
    name: 'each server goes by its own clock',
    breaks: 'I10',
    file: 'storage/redis/script-runner.ts',
    find: "[time === 'store' ? '' : clock.now(), ...args]",
    replace: "[time === 'store' ? clock.now() : clock.now(), ...args]",
    testFile: 'tests/storage/redis/store-time.test.ts',
    test: 'the time of Redis decides what is due',
  },
]
