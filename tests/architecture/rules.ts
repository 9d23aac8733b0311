/**
 * Who may import whom. A room not named here (tests, scripts, bench) is free. `reason` is what a failure says, so that
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
  }

/** Packages that must be imported by another name, everywhere. */
export const RENAMED_PACKAGES: Readonly<Record<string, { readonly instead: string; readonly reason: string }>> = {
  undici: {
    instead: 'undici/index.js',
    reason: 'Bun replaces the bare import by a shim that ignores timeouts and size limits.',
  },
}
