import { expect, test } from 'vitest'
import { adviceOn, faultOf, lastingFaults, sentenceOf } from '../../server/core/fault.ts'
import { faultOfRecord } from '../../server/core/record-check.ts'

const fault = faultOf('group', 'g', 'failed', { expected: 1, found: 2 })

test('a fault is told with what is, what should be, and what to do', () => {
  expect(sentenceOf(fault)).toBe('group g: failed is 2, a full scan says 1')
  expect(adviceOn(fault)).toContain('--format jsonl')
  expect(adviceOn({ kind: 'file' })).toBe('restore the last backup')
})

test('of two looks at a store that changes, what both saw is told', () => {
  const passing = faultOf('group', 'g', 'failed', { expected: 3, found: 2 })
  expect(lastingFaults([fault, passing], [fault])).toEqual([fault])
  expect(lastingFaults([passing], [fault])).toEqual([])
})

test('a record that nobody could read is a fault; what others keep is their own', () => {
  for (const key of ['worker/a', 'schedule/s', 'user/u', 'token/t', 'activity/1', 'notifications/all', 'auth/admin']) {
    expect(faultOfRecord(key, '{}')).toBeNull()
    for (const text of ['', '{', '[]', 'null', '1']) {
      expect(faultOfRecord(key, text)).toMatchObject({ kind: 'record', id: key, expected: 'a JSON object' })
    }
  }
  for (const key of ['process/probe', 'worker', 'other/a', '']) expect(faultOfRecord(key, 'text')).toBeNull()
})
