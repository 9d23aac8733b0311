import { Raw, withMember } from './json-text.ts'
import { chance, type Maker, some } from './valid-values.ts'

/** What no field is, or not every field. */
export const nasty: readonly [unknown, ...unknown[]] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 53),
  new Raw('1e400'),
  new Raw('-0'),
  new Raw('12345678901234567890123'),
  new Raw('"\\ud800"'),
  new Raw('"a\\udc00b"'),
  new Raw('"\\u0000"'),
  new Raw('{"__proto__":{"polluted":true}}'),
  new Raw('{"constructor":{"prototype":{"polluted":true}}}'),
  '',
  ' ',
  '5',
  'true',
  'null',
  'NaN',
  '__proto__',
  '../../etc/passwd',
  "'; DROP TABLE tasks; --",
  '{c1}:*',
  '%2e%2e%2f',
  'a\r\nX-Injected: 1',
  '\u001b[31m\u202e\u2028',
  '<img src=x onerror=alert(1)>',
  'ä😀',
  '9999-12-31T23:59:59Z',
  '-000001-01-01T00:00:00Z',
  'x'.repeat(129),
  'x'.repeat(257),
  'x'.repeat(1001),
  '9'.repeat(20_000),
  [],
  [null],
  [[]],
  ['x', 5, {}],
  Array(33).fill('x'),
  {},
  new Raw('{"length":-1,"toString":1,"hasOwnProperty":null,"then":"x"}'),
  new Raw(`${'['.repeat(90)}${']'.repeat(90)}`),
]

/** The value with one thing wrong, somewhere. */
export function mutate(value: unknown, maker: Maker): unknown {
  const isContainer = typeof value === 'object' && value !== null && !(value instanceof Raw)
  if (!isContainer || chance(maker, 0.05)) return wrongFor(value, maker)
  if (Array.isArray(value)) return mutateArray(value, maker)
  return mutateObject(value, maker)
}

/** Of the wrong type but like it, or anything. */
function wrongFor(value: unknown, maker: Maker): unknown {
  const { random } = maker
  if (chance(maker, 0.3)) {
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string')
      return random.pick<unknown>([value.length, [value], `${value}\u0000`, value.repeat(300)])
    if (typeof value === 'boolean') return random.pick<unknown>([String(value), Number(value)])
  }
  return random.pick(nasty)
}

function mutateArray(value: readonly unknown[], maker: Maker): unknown[] {
  if (value.length === 0 || chance(maker, 0.2)) return [...value, maker.random.pick(nasty)]
  const at = maker.random.between(0, value.length - 1)
  return value.toSpliced(at, 1, chance(maker, 0.2) ? value[0] : mutate(value[at], maker))
}

function mutateObject(value: object, maker: Maker): unknown {
  const { random } = maker
  const names = Object.keys(value)
  const how = random.next()
  if (names.length === 0 || how < 0.15) return withMember(value, random.pick(strangers), random.pick(nasty))
  const name = random.pick(some(names))
  if (how < 0.3) return Object.fromEntries(Object.entries(value).filter(([one]) => one !== name))
  return withMember(value, name, mutate((value as Record<string, unknown>)[name], maker))
}

/** Names that no schema knows, and some that every object does. */
const strangers = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'isAdmin',
  'token',
  'lease',
  'epoch',
  'version',
  'state',
  'createdAt',
  'k'.repeat(3000),
  '',
] as const

/** Bytes that are no JSON, or too much of it. */
export function brokenText(text: string, { random }: Maker): Uint8Array | string {
  const at = random.between(0, text.length)
  return random.pick([
    text.slice(0, at),
    `${text.slice(0, at)}${random.pick(['{', '}', ',', '"', '\u0000', '\\u12', '\ufeff'])}${text.slice(at)}`,
    Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.from([0xff, 0xed, 0xa0, 0x80]), Buffer.from(text.slice(at))]),
    `${'['.repeat(20_000)}`,
    `{"a":${'{"a":'.repeat(150)}1${'}'.repeat(151)}`,
    `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":${i}`).join()}}`,
    `{"${'n'.repeat(100_000)}":1}`,
    `"${'x'.repeat(300_000)}"`,
    `[${'1,'.repeat(50_000)}1]`,
    `${text}${text}`,
    'undefined',
    '',
  ])
}
