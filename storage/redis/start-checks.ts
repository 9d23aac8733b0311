import { StorageOpenError } from '../storage-open-error.ts'
import type { Durability } from '../task-storage.ts'
import type { RedisAddress } from './redis-url.ts'

/** What one server tells about itself: the one there is, or a master of a Cluster. */
export interface ServerFacts {
  /** `host:port`, for people. */
  readonly node: string
  /** The fields of INFO. */
  readonly info: ReadonlyMap<string, string>
  /** What CONFIG GET told; null where that is denied, as managed servers do. */
  readonly config: ReadonlyMap<string, string> | null
  /** Its time, and ours before and after asking for it; epoch ms. */
  readonly storeAt: number
  readonly askedAt: number
  readonly answeredAt: number
}

export interface StartRules {
  readonly kind: RedisAddress['kind']
  /** CREW_ALLOW_VOLATILE_REDIS: the operator knows that everything may be lost. */
  readonly isVolatileAllowed: boolean
}

export interface Verdict {
  readonly durability: Durability
  /** Sentences about what the server did not tell. */
  readonly unchecked: readonly string[]
}

/** Redis 7.0 has function flags of scripts and ADDSLOTSRANGE; Valkey began at 7.2. */
const OLDEST = { Redis: '7.0', Valkey: '7.2' } as const
/** Leases, delays and holds end by the time of Redis, and are written by the time of the servers. */
const LARGEST_SKEW_MS = 5000

/** Judges a server before anything is written to it; throws a StorageOpenError that says what is wrong and how to mend it. */
export function checkServer(facts: ServerFacts, rules: StartRules): Verdict {
  checkVersion(facts)
  checkKind(facts, rules)
  checkRole(facts)
  checkClock(facts)
  const eviction = checkEviction(facts)
  const durability = checkPersistence(facts, rules)
  return { durability, unchecked: [...eviction, ...uncheckedSync(facts)] }
}

/** Those of all masters in one: what the weakest keeps is what can be promised. */
export function combineVerdicts(verdicts: readonly [Verdict, ...Verdict[]]): Verdict {
  const order: readonly Durability['survives'][] = ['none', 'process', 'power']
  const [weakest] = verdicts
    .map(({ durability }) => durability)
    .toSorted((a, b) => order.indexOf(a.survives) - order.indexOf(b.survives)) as [Durability]
  return { durability: weakest, unchecked: verdicts.flatMap(({ unchecked }) => unchecked) }
}

function refuse({ node }: ServerFacts, sentence: string): never {
  throw new StorageOpenError(`Redis at ${node} ${sentence}.`)
}

function checkVersion(facts: ServerFacts): void {
  const { info } = facts
  const valkey = info.get('valkey_version')
  const name = valkey === undefined ? 'Redis' : 'Valkey'
  const version = valkey ?? info.get('redis_version') ?? 'unknown'
  if (isAtLeast(version, OLDEST[name])) return
  refuse(facts, `is ${name} ${version}: Crew needs Redis ${OLDEST.Redis} or newer, or Valkey ${OLDEST.Valkey} or newer`)
}

function isAtLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

function checkKind(facts: ServerFacts, { kind }: StartRules): void {
  const isCluster = facts.info.get('cluster_enabled') === '1'
  if (kind === 'single' && isCluster) {
    refuse(facts, `is a node of a Redis Cluster: write redis+cluster://${facts.node} in CREW_STORAGE`)
  }
  if (kind === 'cluster' && !isCluster) refuse(facts, 'is no Redis Cluster: write redis:// in CREW_STORAGE')
}

function checkRole(facts: ServerFacts): void {
  const { info } = facts
  if (info.get('role') !== 'slave') return
  const master = `${info.get('master_host')}:${info.get('master_port')}`
  refuse(facts, `is a replica, which takes no writes: name its master ${master} in CREW_STORAGE`)
}

function checkClock(facts: ServerFacts): void {
  const { storeAt, askedAt, answeredAt } = facts
  // It looked at its clock at some moment between the two.
  const skewMs = Math.max(askedAt - storeAt, storeAt - answeredAt, 0)
  if (skewMs <= LARGEST_SKEW_MS) return
  const seconds = (skewMs / 1000).toFixed(1)
  const ours = new Date(answeredAt).toISOString()
  const its = new Date(storeAt).toISOString()
  refuse(
    facts,
    `has a clock that differs by ${seconds} s: it says ${its}, here it is ${ours}; let both follow NTP, ` +
      `up to ${LARGEST_SKEW_MS / 1000} s are allowed`,
  )
}

/** Refused although `maxmemory` may be 0: whoever sets it later would not think of this. */
function checkEviction(facts: ServerFacts): string[] {
  const policy = facts.config?.get('maxmemory-policy') ?? facts.info.get('maxmemory_policy')
  if (policy === undefined) {
    return [`Redis at ${facts.node} does not tell its maxmemory-policy: see to it that it is noeviction.`]
  }
  if (policy === 'noeviction') return []
  return refuse(
    facts,
    `throws keys away when its memory is full (maxmemory-policy ${policy}), and tasks with them: ` +
      `run redis-cli CONFIG SET maxmemory-policy noeviction, and write it into redis.conf`,
  )
}

function checkPersistence(facts: ServerFacts, { isVolatileAllowed }: StartRules): Durability {
  const told = facts.info.get('aof_enabled')
  if (told === '1') return durabilityOf(facts.config?.get('appendfsync'))
  if (isVolatileAllowed) return VOLATILE
  const problem =
    told === undefined
      ? 'does not tell whether it keeps an append-only file'
      : 'keeps no append-only file, so a crash of it loses every task'
  return refuse(
    facts,
    `${problem}: run redis-cli CONFIG SET appendonly yes, and write it into redis.conf, ` +
      'or set CREW_ALLOW_VOLATILE_REDIS=1 where everything may be lost',
  )
}

const VOLATILE: Durability = {
  engine: 'redis',
  survives: 'none',
  detail: 'Redis without AOF: everything since its last snapshot, if it makes any, is lost when Redis dies',
}

function durabilityOf(appendfsync: string | undefined): Durability {
  switch (appendfsync) {
    case 'always':
      return { engine: 'redis', survives: 'power', detail: 'AOF always: what was acknowledged is on the disk' }
    case 'no':
      return {
        engine: 'redis',
        survives: 'process',
        detail: 'AOF without sync: about 30 s are lost when the power fails',
      }
    default:
      return { engine: 'redis', survives: 'process', detail: 'AOF everysec: up to about 2 s are lost when Redis dies' }
  }
}

function uncheckedSync({ node, config, info }: ServerFacts): string[] {
  if (config?.has('appendfsync') || info.get('aof_enabled') !== '1') return []
  return [`Redis at ${node} does not tell its appendfsync (CONFIG is denied): it is taken for everysec.`]
}
