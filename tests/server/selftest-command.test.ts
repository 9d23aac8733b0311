import { expect, test } from 'vitest'
import { durationOf, selftestCommand } from '../../server/cli/selftest-command.ts'

test.each([
  ['5s', 5000],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['24h', 86_400_000],
])('faults last for %s', (text, ms) => {
  expect(durationOf(text)).toBe(ms)
})

test.each(['0s', '4.9s', '25h', '60', 's', 'a minute', '-5s', '1e3s', '5 s', ''])('"%s" is no duration', (text) => {
  expect(() => durationOf(text)).toThrow(`--chaos is "${text}": expected 5s to 24h, a number and s, m or h.`)
})

test.each(['-1', '1.5', 'x', '2147483648', ''])('"%s" is no seed', async (seed) => {
  const running = selftestCommand.run({ flags: new Map([['--seed', seed]]), words: [], out: () => {} })
  await expect(running).rejects.toThrow(`--seed is "${seed}": expected a whole number, 0 to 2147483647.`)
})

test('an unknown format is refused before anything is started', async () => {
  const running = selftestCommand.run({ flags: new Map([['-o', 'yaml']]), words: [], out: () => {} })
  await expect(running).rejects.toThrow('-o is "yaml"')
})
