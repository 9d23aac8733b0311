import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { nounCommands } from '../../server/cli/client/noun-commands.ts'
import { bashScript, completionTree, fishScript, zshScript } from '../../server/cli/completion-scripts.ts'
import { healthCommand } from '../../server/cli/health-command.ts'

const tree = completionTree([healthCommand, ...nounCommands()])

/** What bash offers for the last word of a line. */
function complete(...words: string[]): string[] {
  const script = `${bashScript(tree)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _crew; printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['--norc', '-c', script, 'bash', 'crew', ...words], { encoding: 'utf8' })
  return output.split('\n').filter((line) => line !== '')
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

test.skipIf(!has('bash'))('bash completes commands, verbs and flags', () => {
  expect(complete('')).toEqual(['health', ...nounCommands().map(({ name }) => name), 'help'])
  expect(complete('wor')).toEqual(['worker', 'workgroup'])
  expect(complete('token', '')).toEqual(['list', 'create', 'revoke', 'delete'])
  expect(complete('task', 'list', '--w')).toEqual(['--worker', '--workgroup'])
  expect(complete('task', 'retry', 'some-id', '--dr')).toEqual(['--dry-run'])
  expect(complete('health', '--po')).toEqual(['--port'])
  expect(complete('health', 'word', '--po')).toEqual(['--port'])
  expect(complete('task', 'retry', 'x')).toEqual([])
})

test.skipIf(!has('zsh'))('zsh can read its script', () => {
  expect(spawnSync('zsh', ['-n', '-c', zshScript(tree)]).status).toBe(0)
})

test.skipIf(!has('fish'))('fish can read its script', () => {
  expect(spawnSync('fish', ['--no-execute', '-c', fishScript(tree)]).status).toBe(0)
})

test('each script names every verb', () => {
  for (const script of [bashScript(tree), zshScript(tree), fishScript(tree)]) {
    for (const word of ['workgroup', 'revoke', 'run-now']) expect(script).toContain(word)
  }
})
