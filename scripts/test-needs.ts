// Says once, before minutes of tests, what these miss on this machine: each of them that needs it fails and says so again.
import { nodeProgram } from '../tests/support/node-program.ts'
import { findPromtool } from '../tests/support/promtool.ts'
import { findPython } from '../tests/support/python-program.ts'
import { findRedisProgram } from '../tests/support/redis-process.ts'
import { findChromium } from './find-chromium.ts'

for (const find of [findRedisProgram, findChromium, findPython, nodeProgram, findPromtool]) {
  try {
    find()
  } catch (error) {
    console.error(`crew: ${(error as Error).message}`)
  }
}
