import { expect, test } from 'vitest'
import { nextRuns } from '../../../ui/src/lib/next-runs.ts'

test('a run is said in its own zone, with the offset, and seconds only where there are any', () => {
  const at = '2026-11-23T02:00:00.000Z'
  expect(nextRuns([{ at, local: '2026-11-23T03:00:00.000+01:00' }])).toEqual([
    { at, text: 'Mon 2026-11-23 03:00 +01:00', note: null },
  ])
  expect(nextRuns([{ at, local: '2026-11-22T22:00:10.000-04:00' }])[0]?.text).toBe('Sun 2026-11-22 22:00:10 -04:00')
})

test('a run after a change of the clocks says so', () => {
  const times = ['2027-03-27T03:00:00.000+01:00', '2027-03-28T03:00:00.000+02:00', '2027-03-29T03:00:00.000+02:00']
  const spring = times.map((local) => ({ at: local, local }))
  expect(nextRuns(spring).map(({ note }) => note)).toEqual([null, 'clocks go forward before it', null])
  const autumn = ['2026-10-31T03:00:00.000-02:30', '2026-11-01T03:00:00.000-03:30']
  expect(nextRuns(autumn.map((local) => ({ at: local, local })))[1]?.note).toBe('clocks go back before it')
})
