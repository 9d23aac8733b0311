import { SigningKeys } from '../../server/controller/signing-keys.ts'
import { StoredWorkerBook } from '../../server/controller/worker-book.ts'
import type { WorkerClient } from '../../server/controller/worker-client.ts'
import { WorkerFigures } from '../../server/controller/worker-figures.ts'
import { WorkerTester } from '../../server/controller/worker-tester.ts'
import type { Clock } from '../../server/core/clock.ts'
import { addTallies } from '../../server/core/figures.ts'
import { parseRange } from '../../server/core/ip-address.ts'
import { Turns } from '../../server/services/turns.ts'
import type { WorkerDirectory } from '../../server/services/worker-context.ts'
import type { TaskStorage } from '../../storage/task-storage.ts'
import { BASE_URL, type FakeWorkers, fakeWorkers } from './fake-workers.ts'

/** What a server knows of its workers, over a store, with workers that answer when the test lets them. */
export interface DirectoryWorld {
  readonly directory: WorkerDirectory
  readonly settingsTurns: Turns
  readonly book: StoredWorkerBook
  readonly figures: WorkerFigures
  readonly workers: FakeWorkers
}

export interface DirectoryOptions {
  readonly secrets?: Readonly<Record<string, string>>
  readonly egressAllow?: readonly string[]
  readonly baseUrl?: string | null
  readonly authorization?: string | null
  readonly client?: WorkerClient
  /** Encrypts signing secrets; null: nothing does. */
  readonly secretKey?: Uint8Array | null
  /** The key before that. */
  readonly oldKey?: Uint8Array | null
  /** What signs at the base URL. */
  readonly signingSecrets?: readonly string[]
}

export const SECRET_KEY: Uint8Array = new Uint8Array(32).fill(7)

/** By a key of tests, unless they say otherwise. */
export function makeSigningKeys({
  secretKey = SECRET_KEY,
  oldKey = null,
  secrets = {},
}: Pick<DirectoryOptions, 'secretKey' | 'oldKey' | 'secrets'> = {}): SigningKeys {
  return new SigningKeys({ key: secretKey, oldKey, secrets: new Map(Object.entries(secrets)) })
}

export function makeDirectory(
  { storage, clock }: { storage: TaskStorage; clock: Clock },
  options: DirectoryOptions = {},
): DirectoryWorld {
  const { baseUrl = BASE_URL, authorization = null, secrets = {}, egressAllow = [] } = options
  const signingKeys = makeSigningKeys(options)
  const signing = signingKeys.signingOfTexts(options.signingSecrets ?? [])
  const base = { baseUrl, authorization, signing, timeoutSeconds: 300 }
  const book = new StoredWorkerBook({ storage, base, secrets: new Map(Object.entries(secrets)), signingKeys })
  const figures = new WorkerFigures()
  const workers = fakeWorkers()
  const client = options.client ?? workers
  const tester = new WorkerTester({ book, client, clock, newTraceparent: () => '00-0-0-01', version: '0.0.0' })
  const directory: WorkerDirectory = {
    egressAllow: egressAllow.flatMap((text) => parseRange(text) ?? []),
    signingKeys,
    hasSecret: (name) => book.hasSecret(name),
    get all() {
      return book.all
    },
    settingsOf: (worker) => book.settingsOf(worker),
    withoutSecrets: (worker, text) => book.withoutSecrets(worker, text),
    addressOf: (worker) => book.addressOf(worker),
    timeoutSecondsOf: (worker) => book.timeoutSecondsOf(worker),
    reloadOne: (name) => book.reloadOne(name),
    talliesOf: async (names) => names.map((name) => figures.of(name, clock.now())),
    totalTally: async () => addTallies(figures.all(clock.now()).map(([, tally]) => tally)),
    historyOf: (name, minutes) => figures.history.of(name, { now: clock.now(), minutes }),
    test: (task) => tester.test(task),
    preview: (task, parents) => tester.preview(task, parents),
  }
  return { directory, settingsTurns: new Turns(), book, figures, workers }
}
