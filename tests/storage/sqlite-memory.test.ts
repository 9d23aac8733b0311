import { describeTaskStorage } from './conformance.ts'
import { describeStorageModel, modelTestOptions } from './model-run.ts'
import { sqliteMemory } from './sqlite-factory.ts'

// Beside sqlite.test.ts, so that the two model tests run at the same time.
describeTaskStorage('SQLite in memory', sqliteMemory())
describeStorageModel('SQLite in memory', sqliteMemory(), modelTestOptions())
