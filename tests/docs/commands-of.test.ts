import { expect, test } from 'vitest'
import { commandsOf, commandsToRun } from './commands-of.ts'
import { makeReader } from './reader.ts'

const page = [
  '# A page',
  '',
  '```sh',
  'GREETING=hello',
  '```',
  'and, in another terminal,',
  '~~~sh background',
  'echo "listening at $PLACE"; sleep 1000',
  '~~~',
  '```text',
  'not to be run',
  '```',
  '````sh',
  'echo "$GREETING" \'```\'',
  '````',
].join('\n')

const command = (block: string) => ({ block, language: 'sh', isBackground: false, line: 1 })

test('the blocks of a page are found with their kind and their line', () => {
  expect(commandsOf(page)).toEqual([
    { block: 'GREETING=hello', language: 'sh', isBackground: false, line: 4 },
    { block: 'echo "listening at $PLACE"; sleep 1000', language: 'sh', isBackground: true, line: 8 },
    { block: 'not to be run', language: 'text', isBackground: false, line: 11 },
    { block: 'echo "$GREETING" \'```\'', language: 'sh', isBackground: false, line: 14 },
  ])
})

test('a block without an end goes to the end of the page', () => {
  expect(commandsOf('```sh\nls\n\npwd')).toEqual([command('ls\n\npwd')].map((each) => ({ ...each, line: 2 })))
})

test('what one block sets is there in the next, and what listens is waited for', async () => {
  const reader = makeReader({ env: { PLACE: 'home' } })
  const said: string[] = []
  for (const each of commandsToRun(page)) said.push(await reader.runBlock(each))
  expect(said).toEqual(['', 'listening at home\n', 'hello ```\n'])
})

test('a command that fails fails its block, with its line and what was said', async () => {
  const { runBlock } = makeReader()
  await expect(runBlock(command('echo one; false; echo two'))).rejects.toThrow(/line 1 failed:.*\n\none\n$/s)
})

test('a background block that ends without listening fails', async () => {
  const { runBlock } = makeReader()
  await expect(runBlock({ ...command('echo no port'), isBackground: true })).rejects.toThrow('no port')
})
