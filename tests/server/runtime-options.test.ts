import { expect, test } from 'vitest'
import { withRuntimeOptions } from '../../server/cli/runtime-options.ts'

const SOON = 'BUN_JSC_thresholdForOptimizeSoon'

test('the environment gets options of the runtime, and keeps all else', () => {
  const env = withRuntimeOptions({ PATH: '/bin' })
  expect(env).toMatchObject({ PATH: '/bin', [SOON]: '100' })
  expect(Object.keys(env ?? {})).toHaveLength(4)
})

test('what somebody has set stays', () => {
  expect(withRuntimeOptions({ [SOON]: '7' })).toMatchObject({ [SOON]: '7' })
})

test('nothing is left to add the second time: a process that starts again does so once', () => {
  expect(withRuntimeOptions(withRuntimeOptions({}) ?? {})).toBeNull()
})
