import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isReceiver, isWorkerName } from '../../server/core/ids.ts'
import {
  eventTypes,
  groupEventTypes,
  isSignedReceiver,
  parseReceivers,
  receiverWorker,
} from '../../server/core/receiver.ts'
import { parseTaskInput } from '../../server/core/task-input.ts'

const signingKeys = { canSeal: true, faultOf: (text: string) => (text === 'bad' ? 'is bad' : null) }
const policy = { egressAllow: [], signingKeys }
const parse = (value: unknown) => parseReceivers(value, { pointer: '/notify', policy, events: eventTypes })

test('a receiver is a URL, the events it is told, and secrets that sign', () => {
  expect(
    parse([
      { url: 'https://e.com/a', events: ['task.failed', 'group.failed'], signingSecret: ['whsec_a', 'secret:B'] },
    ]),
  ).toEqual({
    given: [
      {
        url: 'https://e.com/a',
        events: ['group.failed', 'task.failed'],
        secrets: [
          { kind: 'plain', text: 'whsec_a' },
          { kind: 'named', name: 'B' },
        ],
      },
    ],
    faults: [],
  })
})

test('what is wrong is told with a pointer, and no secret is repeated', () => {
  const faultsOf = (item: unknown) => parse([item]).faults
  const pointersOf = (item: unknown) => faultsOf(item).map(({ pointer }) => pointer)
  expect(pointersOf({})).toEqual(['/notify/0/url'])
  expect(pointersOf({ url: 'http://127.0.0.1/' })).toEqual(['/notify/0/url'])
  expect(pointersOf({ url: `https://e.com/${'a'.repeat(1100)}` })).toEqual(['/notify/0/url'])
  expect(pointersOf({ url: 'https://e.com/', events: [] })).toEqual(['/notify/0/events'])
  expect(pointersOf({ url: 'https://e.com/', events: ['group.started'] })).toEqual(['/notify/0/events'])
  expect(faultsOf({ url: 'https://e.com/', signingSecret: 'bad' })).toEqual([
    { pointer: '/notify/0/signingSecret', detail: 'is bad' },
  ])
  expect(pointersOf({ url: 'https://e.com/', secret: 'x' })).toEqual(['/notify/0/secret'])
  expect(parse([{ url: 'https://e.com' }, { url: 'https://e.com/' }]).faults).toEqual([
    { pointer: '/notify/1/url', detail: 'is there twice' },
  ])
  expect(parse({}).faults).toHaveLength(1)
  expect(parse(Array(11).fill({ url: 'https://e.com' })).faults).toHaveLength(1)
})

test('a group is not told of workgroups', () => {
  const { faults } = parseReceivers([{ url: 'https://e.com/', events: ['workgroup.held'] }], {
    pointer: '/notify',
    policy,
    events: groupEventTypes,
  })
  expect(faults.map(({ pointer }) => pointer)).toEqual(['/notify/0/events'])
})

test('every URL has a worker that nobody may name, one for each host and secret', () => {
  fc.assert(
    fc.property(
      fc.webUrl({ authoritySettings: { withPort: true, withIPv4: true, withIPv6: true } }).filter(URL.canParse),
      fc.constantFrom('', 'ab12'),
      (url, secret) => {
        const worker = receiverWorker(url, secret)
        expect([isWorkerName(worker), isReceiver(worker), isSignedReceiver(worker)]).toEqual([
          true,
          true,
          secret !== '',
        ])
        expect(receiverWorker(new URL('/other', url).href, secret)).toBe(worker)
        expect(parseTaskInput({ worker }, '').faults.map(({ pointer }) => pointer)).toEqual(['/worker'])
      },
    ),
  )
})
