/**
 * Every key of the store. Each begins with the hash tag of its partition, so that all keys of a group are in one slot of a
 * Cluster; what follows the tag is one of these kinds, then an id where one is named. Ids may hold any sign: only the first
 * pair of braces of a key decides its slot, and that is ours.
 */
export const keyKinds = {
  /** HASH of a task: see `tasks.lua`. Stays a listpack, as no value is longer than `LONGEST_TEXT`. By task id. */
  task: 't:',
  /** STRING: a long input, a long output. By task id. */
  input: 'i:',
  output: 'o:',
  /** HASH of the long texts of a task: name, parents, metadata and so on. By task id. */
  texts: 'x:',
  /** LIST of attempts, newest first. By task id. */
  attempts: 'a:',
  /** ZSET of child ids by number. By task id. */
  children: 'c:',
  /** ZSET of ids by number: what an answer of the task created. By task id. */
  createdBy: 'cb:',
  /** HASH of a group with its books. By group id. */
  group: 'g:',
  /** ZSET of task ids by number: all, those failed. By group id. */
  groupTasks: 'gt:',
  failedTasks: 'gf:',
  /** HASH from what tasks of a lane share to the lane. By group id. */
  groupLanes: 'gl:',
  /** ZSETs of group ids: by number; by when they finished. */
  groups: 'groups',
  finishedGroups: 'finished',
  /** HASH of a lane: see `lanes.lua`. By lane. */
  lane: 'l:',
  /** ZSETs of a lane by runAfter, members begin with the task's number: claimable, parked, retrying. By lane. */
  ready: 'r:',
  parked: 'p:',
  retrying: 'f:',
  /** ZSET of lanes by when they are due or their hold ends. */
  clock: 'clock',
  /** ZSET of lanes by id: those that a cause holds. By cause. */
  held: 'h:',
  /** LIST of causes whose many lanes are being woken; ZSET of the lanes left, by its entry. */
  wakings: 'wakings',
  waking: 'waking:',
  /** ZSET of workers by turn; ZSET of a worker's groups (by number) by turn; ZSET of a group's lanes for a worker. */
  workers: 'workers',
  ring: 'ring:',
  queue: 'q:',
  /** ZSET of task ids by the end of their lease. */
  leases: 'leases',
  /** ZSET of incomplete task ids by number; how many leases; SET of parked ids. By merge key. */
  openByKey: 'mo:',
  leasesByKey: 'ml:',
  parkedByKey: 'mp:',
  /** ZSETs: workgroups by name; how many tasks each has; lanes of one. */
  workgroupNames: 'workgroups',
  workgroupTasks: 'workgroup-tasks',
  workgroupLanes: 'wl:',
  /** HASH and ZSET of holds by name: end and reason; end. By scope. */
  holds: 'hold:',
  holdEnds: 'hold-end:',
  /** HASH of how many leases tasks of a worker hold. */
  leasesByWorker: 'worker-leases',
  /** Large change sets under way (README.md). ZSET of their ids; HASH of locked groups; HASH of task ids that are taken. */
  large: 'large',
  locks: 'locks',
  reserved: 'reserved',
  /** By id of the large change set: HASH of its state; LIST of the changes left; SETs of its groups and reserved ids. */
  largeState: 'ls:',
  largeChanges: 'lc:',
  largeGroups: 'lg:',
  largeIds: 'li:',
  /** HASH of the numbers given out last. */
  counters: 'counters',
  /** LIST of the task ids that a server claimed last. By boot. */
  lastClaim: 'claim:',
  /** ZSET of boots that closed, by until when that is remembered. */
  goneBoots: 'gone',
  /**
   * Only of stores of several partitions. STRING: whether the task is written (`k`) or about to be (`r`), since when, and its group,
   * as in `k1700000000000 g1`; in the partition of its id. By task id.
   */
  taskGroup: 'id:',
  /** LIST of holds that the other partitions do not have yet; ZSET of what may run at once, by when it ends. */
  outbox: 'outbox',
  permits: 'permits',
  /** ZSET of the scopes and names whose holds were released, by when. */
  releases: 'releases',
  /** HASH of a small document and its end. By its own key. */
  record: 'rec:',
} as const

export type KeyKind = keyof typeof keyKinds

/** Longer texts leave a task's hash: beyond 64 bytes Redis turns a listpack into a table five times its size. */
export const LONGEST_TEXT = 64

/** Stands in a task's hash for a text that lives beside it. */
export const LONG_TEXT = '\u0001'

/** The hash tag of a partition. */
export const partitionTag = (partition: number): string => `{c${partition}}`

/** The hash tag of a worker's permits. */
export const workerTag = (worker: string): string => `{sem:${worker}}`

export const keyOf = (tag: string, kind: KeyKind, id = ''): string => `${tag}${keyKinds[kind]}${id}`
