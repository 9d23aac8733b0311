/**
 * Who may import whom. A room not named here (tests, scripts, bench, ui/build) is free. `reason` is what a failure says, so that
 * whoever meets it knows what the rule protects; `mayImport` and `mayImportTypesOf` list rooms, its own being implied.
 */
export type RoomRule = {
  readonly room: string
  readonly mayImport: readonly string[]
  readonly mayImportTypesOf?: readonly string[]
  readonly mayImportBuiltins: boolean
  readonly mayImportPackages: boolean | readonly string[]
  readonly reason: string
}

const CORE = 'server/core'
const PORT = 'storage/task-storage'

export const ROOM_RULES: readonly RoomRule[] = [
  {
    room: CORE,
    mayImport: [],
    mayImportBuiltins: false,
    mayImportPackages: false,
    reason:
      'The core imports nothing outside itself, so that every rule can be tested in microseconds and run anywhere.',
  },
  {
    room: PORT,
    mayImport: [CORE],
    mayImportBuiltins: false,
    mayImportPackages: false,
    reason: 'The storage port speaks of the core alone, so that no engine shines through and each can be replaced.',
  },
  {
    room: 'storage/sqlite',
    mayImport: [PORT, CORE],
    mayImportBuiltins: true,
    mayImportPackages: false,
    reason: 'An engine knows the port, the core and its database: it applies changes and holds no rule of other rooms.',
  },
  {
    room: 'storage/redis',
    mayImport: [PORT, CORE],
    mayImportBuiltins: true,
    mayImportPackages: ['ioredis'],
    reason: 'An engine knows the port, the core and its database: it applies changes and holds no rule of other rooms.',
  },
  {
    room: 'storage',
    mayImport: [PORT, CORE, 'storage/sqlite', 'storage/redis'],
    mayImportBuiltins: true,
    mayImportPackages: false,
    reason: 'Opening a storage chooses an engine and knows nothing of what the server does with it.',
  },
  {
    room: 'server/services',
    mayImport: [CORE, PORT],
    mayImportBuiltins: true,
    mayImportPackages: false,
    reason:
      'A use case loads, asks the core and commits through the port: it must not know HTTP, the controller or an engine.',
  },
  {
    room: 'server/controller',
    mayImport: [CORE, PORT],
    mayImportBuiltins: true,
    mayImportPackages: true,
    reason:
      'The controller claims through the port and asks the core: it must not know HTTP routes, services or an engine.',
  },
  {
    room: 'server/api',
    mayImport: ['server/services', CORE, PORT],
    mayImportBuiltins: true,
    mayImportPackages: true,
    reason: 'A route validates and calls one service: it must not know an engine, the controller or how it is started.',
  },
  {
    room: 'server/selftest',
    mayImport: [CORE],
    mayImportBuiltins: true,
    mayImportPackages: ['undici/index.js'],
    reason:
      'The self-test knows servers from outside, by HTTP and signals: what it shared with them it could not judge.',
  },
  {
    room: 'server',
    mayImport: [CORE, 'package.json'],
    mayImportTypesOf: [PORT, 'server/api', 'server/services', 'server/controller'],
    mayImportBuiltins: true,
    mayImportPackages: true,
    reason:
      'Only server/main.ts and what it starts know every room: their helpers know the core, and types of the others.',
  },
  {
    room: 'demo-workers',
    mayImport: [],
    mayImportBuiltins: true,
    mayImportPackages: true,
    reason: 'The demo workers know the HTTP contract alone, as every worker out there does.',
  },
  {
    room: 'sdk',
    mayImport: [],
    mayImportBuiltins: false,
    mayImportPackages: false,
    reason:
      'The SDK is a package of its own without dependencies: it knows the HTTP contract and what every runtime has.',
  },
  {
    room: 'sdk/examples',
    mayImport: [],
    mayImportBuiltins: true,
    mayImportPackages: ['crew-sdk', 'crew-sdk/node', 'crew-sdk/lambda', 'crew-sdk/cloud-functions'],
    reason: 'An example of the SDK is what a user would write: it imports the package by its name.',
  },
  {
    room: 'examples',
    mayImport: [],
    mayImportBuiltins: true,
    mayImportPackages: ['crew-sdk', 'crew-sdk/node'],
    reason: 'An example is what a user would write and copy: it imports packages by their names, and nothing of Crew.',
  },
  {
    room: 'ui',
    mayImport: [],
    mayImportTypesOf: [CORE],
    mayImportBuiltins: false,
    mayImportPackages: true,
    reason: 'The UI is a client of the API: it may name the types of the core, but a browser runs none of the server.',
  },
]

/** Rooms that none but the named ones may import, whatever their own rule says. */
export const PRIVATE_ROOMS: Readonly<
  Record<string, { readonly importers: readonly string[]; readonly reason: string }>
> = {
  'server/main': {
    importers: ['tests'],
    reason: 'server/main.ts and what it starts know every room: whoever imported them would know every room too.',
  },
}

/** Names that a room may not use, since each reads or moves the world outside its arguments. */
export const FORBIDDEN_NAMES: Readonly<Record<string, { readonly names: readonly string[]; readonly reason: string }>> =
  {
    [CORE]: {
      names: [
        ...['Date.now', 'new Date()', 'Date()', 'performance', 'Math.random', 'crypto'],
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
        ...['process', 'Bun', 'globalThis', 'fetch', 'console'],
      ],
      reason:
        'The core takes `now` and `random` as arguments and does no I/O, so that the same input gives the same answer.',
    },
    sdk: {
      names: ['process', 'Bun', 'Deno', 'Buffer', 'setImmediate'],
      reason: 'The SDK runs on Node, Bun, Deno and Cloudflare Workers: it uses what all of them have.',
    },
  }

const CLOCKS = ['Date.now', 'new Date()', 'Date()', 'performance.now', 'process.hrtime', 'Bun.nanoseconds']
const TIMERS = ['setTimeout', 'setInterval', 'Bun.sleep', 'AbortSignal.timeout']
const CHANCE = [
  ...['Math.random', 'crypto.randomUUID', 'crypto.randomBytes', 'crypto.getRandomValues'],
  ...['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync'].map((name) => `node:crypto#${name}`),
]

/**
 * Where time, chance and the network come in as arguments, by the beginning of the path: the simulation (tests/simulation) runs this code
 * on a time of its own, and a seed repeats it. `exceptions` are files with what each may use all the same, and why.
 */
export const REPEATABLE: {
  readonly paths: readonly string[]
  readonly names: readonly string[]
  readonly more: Readonly<Record<string, readonly string[]>>
  readonly reason: string
  readonly exceptions: Readonly<Record<string, { readonly names: readonly string[]; readonly reason: string }>>
} = {
  paths: ['server/controller/', 'server/services/', 'server/api/', 'server/metrics/', 'server/tracing/', 'storage/'],
  names: [...CLOCKS, ...TIMERS, ...CHANCE, 'fetch'],
  /** The turns of the controller are what the simulation shuffles. */
  more: { 'server/controller/': ['setImmediate'] },
  reason:
    'Take a Clock, Timers or Random as an argument (server/system-clock.ts has the real ones), so that a test moves the time and a seed repeats a run.',
  exceptions: {
    'server/controller/committer.ts': {
      names: ['performance.now'],
      reason: 'How long a write took is for metrics alone, and a clock that is set must not show in it.',
    },
    'server/services/in-turns.ts': {
      names: ['performance.now'],
      reason: 'What it is about is real: for how long others have not had their turn.',
    },
    'server/controller/secret-box.ts': {
      names: ['node:crypto#randomBytes'],
      reason: 'A nonce that a seed repeats would give the secret away.',
    },
    'server/api/passwords.ts': {
      names: ['node:crypto#randomBytes'],
      reason: 'A salt that a seed repeats would be none.',
    },
    'server/api/argon2.ts': {
      names: ['crypto.randomBytes'],
      reason: 'A salt that a seed repeats would be none.',
    },
    'storage/redis/real-time.ts': {
      names: ['Date.now', 'performance.now', 'setTimeout', 'setInterval'],
      reason: 'The one file of that engine: waits and heartbeats of real connections, which no simulated time moves.',
    },
    'storage/redis/open-redis-storage.ts': {
      names: ['node:crypto#randomBytes'],
      reason: 'Tokens, unless whoever opens the store gives its own.',
    },
    'storage/sqlite/sqlite-storage.ts': {
      names: ['node:crypto#randomBytes', 'node:crypto#randomUUID'],
      reason: 'Tokens and the boot, unless whoever opens the store gives its own.',
    },
  },
}

/** Packages that must be imported by another name, everywhere. */
export const RENAMED_PACKAGES: Readonly<Record<string, { readonly instead: string; readonly reason: string }>> = {
  undici: {
    instead: 'undici/index.js',
    reason: 'Bun replaces the bare import by a shim that ignores timeouts and size limits.',
  },
}

/** What only the UI may import. */
export const UI_PACKAGES = {
  names: /^(react|react-dom|@radix-ui|@tanstack|tailwindcss|@tailwindcss)(\/|$)/,
  reason: 'The UI is built into files before the server is: in the binary none of its packages is there.',
}
