import { expect, test, vi } from 'vitest'
import { runCli } from '../../../server/cli/cli.ts'

/** What the program says to a command line that it refuses. */
async function refusal(...args: string[]): Promise<string> {
  const said: unknown[] = []
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(text) > 0)
  expect(await runCli(['demo', ...args])).toBe(2)
  stderr.mockRestore()
  return said.join('')
}

test.each([
  [['storm', '--tasks', '10'], '--tasks is "10": expected a whole number from 36 to 10000.'],
  [['storm', '--quota', '0'], '--quota is "0": expected a whole number from 1 to 1000.'],
  [['storm', '--outage', '2.5'], '--outage is "2.5": expected seconds from 0 to 600.'],
  [['storm', '--control=yes'], '--control takes no value: write it alone.'],
  [['campaign', '--control'], '--control is of the storm alone: write crew demo storm --control.'],
  [['--tasks', '300'], '--tasks is of the storm alone: write crew demo storm --tasks.'],
])('%j is refused', async (args, sentence) => {
  expect(await refusal(...args)).toBe(`crew: ${sentence}\n`)
})
