import { afterAll, expect, test } from 'vitest'
import { MUTANTS } from './mutants/mutants.ts'
import { copySources } from './mutants/run-mutant.ts'

const sources = copySources()
afterAll(() => sources.remove())

/** The same tests pass in the sources as they are: that is what the rest of the run shows. */
test.each(MUTANTS)('it is noticed when $name ($breaks)', async (mutant) => {
  const { failed, passed, output } = await sources.run(mutant)
  expect(
    failed.some((name) => name.includes(mutant.test)),
    `${passed} passed\n${output}`,
  ).toBe(true)
})
