import { expect, test } from 'vitest'
import { cronWords } from '../../../ui/src/lib/cron-words.ts'

test.each([
  ['* * * * *', 'every minute'],
  ['*/15 * * * *', 'every 15 minutes'],
  ['0 * * * *', 'every hour'],
  ['5 * * * *', 'every hour at :05'],
  ['0,30 * * * *', 'every hour at :00 and :30'],
  ['0 */6 * * *', 'every 6 hours'],
  ['20 */6 * * *', 'every 6 hours at :20'],
  ['0 3 * * *', 'every day at 03:00'],
  ['30 2,14 * * *', 'every day at 02:30 and 14:30'],
  ['0 3 * * 1-5', 'Monday to Friday at 03:00'],
  ['0 3 * * mon,WED,5', 'on Monday, Wednesday and Friday at 03:00'],
  ['0 0 * * 7', 'on Sunday at 00:00'],
  ['*/15 9-17 * * 1-5', 'every 15 minutes from 09:00 to 17:45, Monday to Friday'],
  ['0 9-17 * * *', 'every hour from 09:00 to 17:00'],
  ['10 4 1,15 * *', 'on the 1st and 15th of each month at 04:10'],
  ['0 0 L * *', 'on the last day of each month at 00:00'],
  ['0 12 2 jan,7 *', 'on the 2nd in January and July at 12:00'],
  ['0 0 23 12 *', 'on the 23rd in December at 00:00'],
  ['*/10 * * * * *', 'every 10 seconds'],
  ['0 0 3 * * *', 'every day at 03:00'],
  ['@hourly', 'every hour'],
  ['@weekly', 'on Sunday at 00:00'],
  ['@yearly', 'on the 1st in January at 00:00'],
])('%s is %s', (cron, words) => expect(cronWords(cron)).toBe(words))

test.each([
  '*/7 * * * *', // begins anew each hour
  '0 0 13 * 5', // either of the two
  '5 0 3 * * *',
  '0 3 * * 1#2',
  '0 1,2,3,4,5 * * *',
  '60 3 * * *',
  '0 25 * * *',
  'every day',
  '',
])('%j is left as it is', (cron) => expect(cronWords(cron)).toBeNull())
