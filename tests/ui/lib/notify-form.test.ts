import { expect, test } from 'vitest'
import { changedLast } from '../../../ui/src/lib/last-form.ts'
import { receiversIn } from '../../../ui/src/lib/notify-form.ts'

const formOf = (...fields: readonly (readonly [string, string])[]): FormData => {
  const form = new FormData()
  for (const [name, value] of fields) form.append(name, value)
  return form
}

test('receivers are read row by row, with gaps where one was removed', () => {
  const form = formOf(
    ['receiver', '0'],
    ['receiver 0 url', ' https://a.com/ '],
    ['receiver 0 events', 'group.failed'],
    ['receiver 0 events', 'task.failed'],
    ['receiver 0 signingSecret', 'whsec_****new1'],
    ['receiver 0 signingSecretBefore', 'whsec_****old1'],
    ['receiver', '2'],
    ['receiver 2 url', 'https://b.com/'],
    ['receiver 2 signingSecret', ''],
  )
  expect(receiversIn(form)).toEqual([
    {
      url: 'https://a.com/',
      events: ['group.failed', 'task.failed'],
      signingSecret: ['whsec_****new1', 'whsec_****old1'],
    },
    { url: 'https://b.com/', events: [], signingSecret: null },
  ])
  expect(receiversIn(formOf())).toEqual([])
})

test.each([
  ['nothing, when nobody touched it', { worker: 'tidy', input: null }, null],
  ['null, when its worker was taken away', { worker: ' ', input: null }, 'null'],
  [
    'what the form has no field for, and the input that is stored',
    { worker: 'sweep', input: null },
    '{"name":"n","worker":"sweep","input":9007199254740993}',
  ],
  ['an input as it was typed', { worker: 'tidy', input: '1.0' }, '{"name":"n","worker":"tidy","input":1.0}'],
] as const)('of the last task is sent %s', (_what, typed, sent) => {
  expect(changedLast({ name: 'n', worker: 'tidy', input: 1 }, '9007199254740993', typed)).toBe(sent)
})

test('where there was no last task, none is sent until it has a worker', () => {
  expect(changedLast(null, 'null', { worker: '', input: '1' })).toBe(null)
  expect(changedLast(null, 'null', { worker: 'tidy', input: null })).toBe('{"worker":"tidy","input":null}')
})
