import { Webhook } from 'standardwebhooks'
import { expect, test, vi } from 'vitest'
import { settingsKey } from '../../server/core/worker-settings.ts'
import { answer } from '../support/attempts.ts'
import { openControllerWorld } from '../support/controller-world.ts'
import type { FakeCall } from '../support/fake-workers.ts'
import { makeSigningKeys } from '../support/worker-directory.ts'

const OWN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BASE = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const keys = makeSigningKeys()
const own = { signingSecrets: [keys.seal(OWN)] }

const headersOf = ({ headers }: Pick<FakeCall, 'headers'>): Record<string, string> =>
  Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : [])))

/** Which of these secrets the library takes a request by, at a time. */
function takenBy(secrets: readonly string[], call: FakeCall | undefined, now: number): string[] {
  vi.useFakeTimers({ now, toFake: ['Date'] })
  try {
    return secrets.filter((secret) => {
      try {
        return call !== undefined && new Webhook(secret).verify(call.body, headersOf(call)) !== undefined
      } catch {
        return false
      }
    })
  } finally {
    vi.useRealTimers()
  }
}

test('an attempt is signed by the secret of its worker, else by the server when it goes to the base URL', async () => {
  const { graph, workers, advance, clock } = await openControllerWorld({
    signingSecrets: [BASE],
    settings: {
      own,
      'rule/*': own,
      both: { signingSecrets: [keys.seal(BASE), keys.seal(OWN)] },
      elsewhere: { url: 'https://e.com/' },
      'own-elsewhere': { url: 'https://e.com/', ...own },
    },
  })
  const names = ['own', 'rule/a', 'both', 'elsewhere', 'own-elsewhere', 'other']
  await graph(names.map((worker) => ({ id: worker.replace('/', '-'), worker, input: '{"ü":"\ud83d\ude00"}' })))
  await advance(10)
  const taken = names.map((name) => [name, takenBy([OWN, BASE], workers.call(name.replace('/', '-')), clock.now())])
  expect(Object.fromEntries(taken)).toEqual({
    own: [OWN],
    'rule/a': [OWN],
    both: [OWN, BASE],
    elsewhere: [],
    'own-elsewhere': [OWN],
    other: [BASE],
  })
  const { 'webhook-signature': unsigned, 'webhook-timestamp': at } = headersOf(workers.call('elsewhere'))
  expect([unsigned, at]).toEqual([undefined, undefined])
})

test('a retry has the id of the first attempt and a time and signature of its own', async () => {
  const { graph, workers, advance, reply, clock } = await openControllerWorld({ settings: { w: own } })
  await graph([{ id: 'a', errorDelayInSeconds: 600 }])
  await advance(10)
  await reply('a', answer({ error: 'no' }))
  await advance(601_000)
  const [first, second] = workers.calls.map(headersOf)
  expect(second?.['webhook-id']).toBe(first?.['webhook-id'])
  expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBeGreaterThanOrEqual(600)
  expect(takenBy([OWN], workers.calls[1], clock.now())).toEqual([OWN])
  expect(takenBy([OWN], workers.calls[0], clock.now())).toEqual([])
})

test('a secret that this server cannot read fails the attempt in one sentence, and nothing is sent unsigned', async () => {
  const foreign = makeSigningKeys({ secretKey: new Uint8Array(32).fill(3) }).seal(OWN)
  const { graph, workers, advance, load } = await openControllerWorld({
    signingSecrets: [BASE],
    settings: {
      foreign: { signingSecrets: [foreign] },
      broken: { signingSecrets: [{ ...keys.seal(OWN), box: 'AAAA' }] },
      gone: { signingSecrets: [{ kind: 'named', name: 'GONE' }] },
    },
  })
  await graph(['foreign', 'broken', 'gone'].map((worker) => ({ id: worker, worker })))
  await advance(10)
  expect(workers.calls).toEqual([])
  const tasks = await Promise.all(['foreign', 'broken', 'gone'].map(load))
  expect(tasks.map(({ errors, remainingAttempts }) => [errors.length, remainingAttempts])).toEqual(
    Array(3).fill([1, 4]),
  )
  expect(tasks.map(({ errors }) => errors.join())).toEqual([
    expect.stringContaining(`not sent: signingSecret: whsec_****LaSw was encrypted with the key ${foreign.keyId}`),
    expect.stringContaining('not sent: signingSecret: whsec_****LaSw was encrypted with the key'),
    expect.stringContaining('not sent: signingSecret: this server has no secret GONE: set CREW_SECRET_GONE'),
  ])
})

test('neither secret nor signature is in the output, the errors or the record, whatever the worker says', async () => {
  const { graph, workers, advance, reply, load, storage, logged } = await openControllerWorld({ settings: { w: own } })
  await graph([{ id: 'good' }, { id: 'bad' }])
  await advance(10)
  const [, signature = ''] = (headersOf(workers.call('good'))['webhook-signature'] ?? '').split(',')
  await reply('good', answer({ output: { headers: headersOf(workers.call('good')), secret: OWN } }))
  await reply('bad', answer({ error: `expected ${OWN.slice(6)}` }))
  expect(JSON.parse((await load('good')).output)).toMatchObject({
    headers: { 'webhook-signature': 'v1,***', 'crew-task-id': 'good' },
    secret: '***',
  })
  const tasks = await Promise.all(['good', 'bad'].map(load))
  const attempts = await Promise.all(tasks.map(({ id }) => storage.listAttempts(id)))
  const record = await storage.getRecord(settingsKey('w'))
  const everything = JSON.stringify([tasks, attempts, logged, record])
  expect(signature).toHaveLength(44)
  for (const secret of [OWN, OWN.slice(6), signature]) expect(everything).not.toContain(secret)
})

test('a worker that gets another secret is signed for by it from then on', async () => {
  const { graph, workers, advance, storage, book, clock } = await openControllerWorld({ settings: { w: own } })
  await graph([{ id: 'a' }])
  await advance(10)
  const text = (await storage.getRecord(settingsKey('w'))) ?? ''
  const next = { ...JSON.parse(text), signingSecrets: [keys.seal(BASE)] }
  await storage.putRecord(settingsKey('w'), JSON.stringify(next))
  await book.reloadOne('w')
  await graph([{ id: 'b' }], { id: 'g2' })
  await advance(1010)
  expect(['a', 'b'].map((id) => takenBy([OWN, BASE], workers.call(id), clock.now()))).toEqual([[OWN], [BASE]])
})
