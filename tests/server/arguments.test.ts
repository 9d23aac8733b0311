import { expect, test } from 'vitest'
import { parseArguments } from '../../server/cli/arguments.ts'

const specs = [
  { name: '--port', placeholder: 'NUMBER' },
  { name: '--demo', placeholder: null },
  { name: '--clean', placeholder: 'true|false', mayStandAlone: true },
]

function parse(line: string) {
  const { flags, words } = parseArguments(line.split(' '), specs)
  return { flags: Object.fromEntries(flags), words }
}

test('values follow a flag or an equals sign', () => {
  expect(parse('--port 80 word --demo').flags).toEqual({ '--port': '80', '--demo': 'true' })
  expect(parse('--port=80=81').flags).toEqual({ '--port': '80=81' })
  expect(parse('--port=').flags).toEqual({ '--port': '' })
  expect(parse('--port -1').flags).toEqual({ '--port': '-1' })
})

test('a flag of true or false may stand alone, and then takes no word', () => {
  expect(parse('--clean word')).toEqual({ flags: { '--clean': 'true' }, words: ['word'] })
  expect(parse('--clean=false').flags).toEqual({ '--clean': 'false' })
})

test('behind -- everything is a word', () => {
  expect(parse('a -- --port b')).toEqual({ flags: {}, words: ['a', '--port', 'b'] })
})

test.each([
  ['--prot 80', '--prot is no flag of this command (did you mean --port?): see --help.'],
  ['--nothing-like-it', '--nothing-like-it is no flag of this command: see --help.'],
  ['-p 80', '-p is no flag of this command: see --help.'],
  ['--port', '--port has no value: write --port NUMBER.'],
  ['--port --demo', '--port has no value: write --port NUMBER.'],
  ['--demo=yes', '--demo takes no value: write it alone.'],
  ['--port 1 --port 2', '--port is given twice: keep one of them.'],
])('refuses %s', (line, sentence) => {
  expect(() => parse(line)).toThrow(sentence)
})
