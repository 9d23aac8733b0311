import { expect, test } from 'vitest'
import { startPython } from './python.ts'

test("the tests of the Python SDK pass by Python's own runner", { timeout: 120_000 }, async () => {
  const { code, output } = await startPython(['-m', 'unittest', 'discover', '-s', 'tests', '-t', '.']).ended
  expect(output).toMatch(/^Ran [1-9]\d+ tests/m)
  expect(code, output).toBe(0)
})
