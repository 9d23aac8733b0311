import { expect, test } from 'vitest'
import { routes } from '../../../sdk/typescript/src/api-types.ts'
import { NOUNS } from '../../../server/cli/client/noun-commands.ts'
import { allVerbs, crew } from './make-world.ts'

const verbs = NOUNS.flatMap((noun) => noun.verbs.map((verb) => ({ noun, verb, line: `${noun.name} ${verb.name}` })))
const group = '{"id":"g","state":"succeeded","counts":{},"completedPercent":1,"taskGroupId":"g"}'

test.each(verbs)('crew $line calls $verb.operation', async ({ noun, verb }) => {
  const required = (verb.fields ?? []).filter(({ isRequired }) => isRequired).flatMap(({ name }) => [name, 'x1'])
  const change = routes[verb.operation].startsWith('PUT') && !verb.fixed ? ['--file', 'f'] : []
  const words = verb.words === 'none' ? [] : ['x1']
  const { calls, code } = await crew([noun.name, verb.name, ...words, ...required, ...change], {
    files: { f: '{"name":"n"}' },
    reply: () => [200, group],
  })
  const route = routes[verb.operation].replace(/ /, ' /').replace(/\{\w+\}/g, 'x1')
  const called = calls.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)
  expect({ code, called: called.filter((each) => !each.endsWith('/events')) }).toEqual({ code: 0, called: [route] })
})

test.each(NOUNS)('$name has the verbs that every noun has', ({ verbs }) => {
  const names = verbs.map(({ name }) => name)
  expect(names).toContain('list')
  expect(new Set(names).size).toBe(names.length)
})

test('no verb has two flags of one name', () => {
  for (const { noun, verb } of allVerbs()) {
    const names = verb.flags.map(({ name }) => name)
    expect(names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${noun} ${verb.name} ${name}`)).toEqual(
      [],
    )
  }
})

test('what cannot be undone is asked about', () => {
  const asking = verbs.filter(({ verb }) => verb.asks).map(({ line }) => line)
  expect(asking).toEqual(verbs.filter(({ verb }) => /^(delete|reset|revoke)$/.test(verb.name)).map(({ line }) => line))
})

test('the help of a verb tells its flags and the exit codes', async () => {
  const { stdout } = await crew(['help', 'task', 'retry'])
  expect(stdout).toContain('Usage: crew task retry ID…|-')
  for (const flag of [
    '--attempts NUMBER',
    '--state STATE,…',
    '--wait',
    '--dry-run',
    '--yes',
    '-o table|json|jsonl|id',
    '--url URL',
  ]) {
    expect(stdout).toContain(`  ${flag}`)
  }
  expect(stdout).toContain(
    'Exit codes: 0 done; 1 failed, or no server answers; 2 the command line or what it sends cannot be used; 3 not found;\n4 not logged in or not allowed; 5 in conflict with what is; 6 waited too long; 7 done in part.',
  )
})
