import { expect, test } from 'vitest'
import type { Arguments } from '../../server/cli/command.ts'
import { runProgram } from '../../server/cli/program.ts'

const flags = [
  { name: '--port', placeholder: 'NUMBER', about: '' },
  { name: '--demo', placeholder: null, about: '' },
  { name: '--clean', placeholder: 'true|false', mayStandAlone: true, about: '' },
]
const words = { placeholder: '[WORD…]', max: 4 }
const command = { name: 'x', about: '', words, flags, readsSettings: false as const, run: async () => 0 }

async function parse(line: string) {
  const given: Arguments[] = []
  await runProgram(
    {
      entries: [command, { name: 'noun', about: '', commands: [command] }],
      version: '1',
      write: () => undefined,
      run: async (_command, args) => void given.push(args),
    },
    line.split(' '),
  )
  return { flags: Object.fromEntries(given[0]?.flags ?? []), words: given[0]?.words }
}

test('values follow a flag or an equals sign', async () => {
  expect((await parse('x --port 80 word --demo')).flags).toEqual({ '--port': '80', '--demo': 'true' })
  expect((await parse('x --port=80=81')).flags).toEqual({ '--port': '80=81' })
  expect((await parse('x --port=')).flags).toEqual({ '--port': '' })
  expect((await parse('x --port -1')).flags).toEqual({ '--port': '-1' })
})

test('a flag of true or false may stand alone, and then takes no word', async () => {
  expect(await parse('x --clean word')).toEqual({ flags: { '--clean': 'true' }, words: ['word'] })
  expect((await parse('x --clean=false')).flags).toEqual({ '--clean': 'false' })
})

test('behind -- everything is a word, and - is one', async () => {
  expect(await parse('x a -- --port b')).toEqual({ flags: {}, words: ['a', '--port', 'b'] })
  expect(await parse('x - --demo')).toEqual({ flags: { '--demo': 'true' }, words: ['-'] })
})

test('a command of a group takes words and flags as others do', async () => {
  expect(await parse('noun x --port 80 word')).toEqual({ flags: { '--port': '80' }, words: ['word'] })
})

test.each([
  ['x --prot 80', '--prot is no flag of this command (did you mean --port?): see --help.'],
  ['x --prot=80', '--prot is no flag of this command (did you mean --port?): see --help.'],
  ['x --nothing-like-it', '--nothing-like-it is no flag of this command: see --help.'],
  ['x -p 80', '-p is no flag of this command: see --help.'],
  ['x --port', '--port has no value: write --port NUMBER.'],
  ['x --port --demo', '--port has no value: write --port NUMBER.'],
  ['x --demo=yes', '--demo takes no value: write it alone.'],
  ['x --port 1 --port 2', '--port is given twice: keep one of them.'],
  ['x a b c d e', 'crew x does not take "e": see --help.'],
  ['--prot', '--prot is no flag of this command: see --help.'],
  ['y', '"y" is no command: see crew help.'],
  ['nuon x', '"nuon" is no command (did you mean noun?): see crew help.'],
  ['noun y', '"y" is no command of crew noun: it is x.'],
  ['noun x --prot 80', '--prot is no flag of this command (did you mean --port?): see --help.'],
  ['noun --prot', '--prot is no flag of this command: see --help.'],
])('refuses %s', async (line, sentence) => {
  await expect(parse(line)).rejects.toThrow(new Error(sentence))
})
