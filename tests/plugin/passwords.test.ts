import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeProgram } from '../support/node-program.ts'

const passwords = join(import.meta.dirname, '../../server/api/passwords.ts')
const HASH_OF_BUN = '$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

test('a password that Bun kept is checked on a Node that can, and on any other a problem says what to do', () => {
  const program = `
    import { verifyPassword } from ${JSON.stringify(passwords)}
    import * as crypto from 'node:crypto'
    const said = await verifyPassword('x', ${JSON.stringify(HASH_OF_BUN)}).catch(({ code, status }) => code + ' ' + status)
    console.log('argon2' in crypto ? said === false : said === 'password_unreadable 503')`
  const { stdout, stderr } = spawnSync(nodeProgram(), ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stdout.trim(), stderr).toBe('true')
})
