// Evaluated before anything else of the package is: what it would fail at otherwise explains nothing.
import { isBuiltin } from 'node:module'

/** What undici asks for; node:sqlite is there from 22.13 on. */
const [MAJOR, MINOR] = [22, 19]

const { node, bun } = process.versions
const [major = 0, minor = 0] = node.split('.').map(Number)
const isNew = bun !== undefined || major > MAJOR || (major === MAJOR && minor >= MINOR)
if (!isNew || !isBuiltin('node:sqlite'))
  throw new Error(`Crew needs Node ${MAJOR}.${MINOR} or newer, or Bun: this is ${bun ? `Bun ${bun}` : `Node ${node}`}.`)
