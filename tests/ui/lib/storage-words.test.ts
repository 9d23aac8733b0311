import { expect, test } from 'vitest'
import { forecastWords, retentionWords } from '../../../ui/src/lib/storage-words.ts'

test('the forecast says when the storage is full', () => {
  const words = (bytesPerDay: number | null, daysUntilFull: number | null) =>
    forecastWords({ bytesPerDay, daysUntilFull })
  expect([
    words(null, null),
    words(-5, null),
    words(0, null),
    words(2048, null),
    words(2048, 0.4),
    words(2048, 12.4),
    words(2048, 5000),
  ]).toEqual([
    'not known yet: it takes an hour of watching',
    'does not grow at the present rate',
    'does not grow at the present rate',
    'grows by 2.0 KiB a day',
    'grows by 2.0 KiB a day; full in less than a day at the present rate',
    'grows by 2.0 KiB a day; full in about 12 days at the present rate',
    'grows by 2.0 KiB a day; full in more than ten years',
  ])
})

test('what goes by itself is said, by age and by size', () => {
  expect([
    retentionWords({ finishedGroupDays: null, failedGroupDays: null, aboveBytes: null }),
    retentionWords({ finishedGroupDays: 7, failedGroupDays: 1, aboveBytes: null }),
    retentionWords({ finishedGroupDays: null, failedGroupDays: null, aboveBytes: 2 * 1024 ** 3 }),
  ]).toEqual([
    'nothing is deleted by itself',
    'groups that succeeded are deleted after 7 days, with failures after 1 day',
    'above 2.0 GiB the oldest that have ended',
  ])
})
