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
  /** ZSETs of group ids by number: all; those in a state, by its letter; those that hold failed tasks. */
  groups: 'groups',
  groupsByState: 'gs:',
  failingGroups: 'failing',
  /** ZSETs of group ids by when they finished; by when the last task failed and none was left to run. */
  finishedGroups: 'finished',
  failedGroups: 'ended-failed',
  /** HASH of a lane: see `lanes.lua`. By lane. */
  lane: 'l:',
  /** ZSETs of a lane by runAfter, members begin with the task's number: claimable, parked, retrying. By lane. */
  ready: 'r:',
  parked: 'p:',
  retrying: 'f:',
  /** ZSET by when they are tried again: members of `retrying` of all lanes. */
  trying: 'trying',
  /** ZSET of lanes by when they are due, and of workgroups' gates by when to look at the lanes that wait at them. */
  clock: 'clock',
  /** ZSET of what a cause holds: lanes of a group; places in the line at the gate of a workgroup, in order. By cause. */
  held: 'h:',
  /** ZSET of the lanes at a place in a line, higher priority first. By gate and place. */
  line: 'hl:',
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
  /** By scope (worker, workgroup). ZSETs: the names that tasks, holds or limits say; how many tasks each has. HASHes: how many of these are complete; leases of each. */
  names: 'names:',
  namedTasks: 'named-tasks:',
  namedComplete: 'named-complete:',
  namedLeases: 'named-leases:',
  /** ZSET of the lanes of a worker or workgroup. By scope and name. */
  namedLanes: 'named-lanes:',
  /** HASH and ZSET of holds by name: what was asked for, as a JSON list; its end. By scope. */
  holds: 'hold:',
  holdEnds: 'hold-end:',
  /** LIST of holds that began, newest first: when it was released (0: it was not), a space, the hold. By scope and name. */
  pastHolds: 'past:',
  /** HASH of a gate: see `gates.lua`. By scope and name. */
  gate: 'gate:',
  /** ZSET of gates by until when they say anything; SET of workers' rules (`shopify/*`) that have limits. */
  gates: 'gates',
  rules: 'rules',
  /** Large change sets under way (README.md). ZSET of their ids; HASH of locked groups; HASH of task ids that are taken. */
  large: 'large',
  locks: 'locks',
  reservedIds: 'reserved',
  /** By id of the large change set: HASH of its state; LIST of the changes left; SETs of its groups and reserved ids. */
  largeState: 'ls:',
  largeChanges: 'lc:',
  largeGroups: 'lg:',
  largeIds: 'li:',
  /** HASH of the numbers given out last; `trying`: when that list was made first of a store from before it. */
  counters: 'counters',
  /** LIST of the task ids that a server claimed last; those that are probes are named twice. By boot. */
  lastClaim: 'claim:',
  /** ZSET of boots that closed, by until when that is remembered. */
  goneBoots: 'gone',
  /**
   * Only of stores of several partitions. STRING: whether the task is written (`k`) or about to be (`r`), since when, and its group,
   * as in `k1700000000000 g1`; in the partition of its id. By task id.
   */
  taskGroup: 'id:',
  /** LIST of what was done to gates and the other partitions have not heard of yet. */
  outbox: 'outbox',
  /**
   * In a gate's home, by scope and name. ZSETs of its permits by when they end: all, those that claims under way may use; SET of the
   * partitions that were refused one.
   */
  permits: 'permits:',
  reserved: 'reserved:',
  refused: 'refused:',
  /** ZSET of the scopes and names whose holds were released, by when. */
  releases: 'releases',
  /** STRING: the end of a small document (0: none), a space, itself. By its own key. */
  record: 'rec:',
  /** ZSET of the keys of documents without an end. By kind, the first part of the key. */
  recordKeys: 'recs:',
} as const

export type KeyKind = keyof typeof keyKinds

/** Longer texts leave a task's hash: beyond 64 bytes Redis turns a listpack into a table five times its size. */
export const LONGEST_TEXT = 64

/** Stands in a task's hash for a text that lives beside it. */
export const LONG_TEXT = '\u0001'

/** The hash tag of a partition. */
export const partitionTag = (partition: number): string => `{c${partition}}`

export const keyOf = (tag: string, kind: KeyKind, id = ''): string => `${tag}${keyKinds[kind]}${id}`
