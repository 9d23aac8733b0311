import { expect, test } from 'vitest'
import { eventWords, hostsOf } from '../../../ui/src/lib/notify-words.ts'

test('receivers are told by their hosts, each once, and without what may be secret in their paths', () => {
  expect(
    hostsOf([{ url: 'https://a.com/T1/secret' }, { url: 'https://b.com:8443/' }, { url: 'https://a.com/other' }]),
  ).toBe('a.com, b.com:8443')
  expect(hostsOf([])).toBe('')
})

test('what a receiver is told is in words, in the order of the form', () => {
  const url = 'https://a.com/'
  expect(eventWords({ url, events: ['workgroup.held', 'task.failed'] })).toBe('task failed for good, workgroup held')
})
