import { describe, expect, test } from 'vitest'
import { settingsKey } from '../../server/core/worker-settings.ts'
import { makeSigningKeys, SECRET_KEY } from '../support/worker-directory.ts'
import { type ApiOptions, expectProblem, makeApi } from './make-api.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const NEW = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const PATH = '/api/v1/worker/w'

const openApi = (workers: ApiOptions['workers'] = {}) =>
  makeApi({ workers: { secrets: { SHOP: SECRET, OTHER: 'sk-live-1234567890' }, ...workers } })

describe('the signing secret of a worker', () => {
  test('is shown masked, or by its name', async () => {
    const api = await openApi()
    const shownAfter = async (signingSecret: unknown) => (await api.json('PUT', PATH, { signingSecret })).signingSecret
    expect(await shownAfter(SECRET)).toBe('whsec_****LaSw')
    expect(await shownAfter([NEW, SECRET])).toEqual(['whsec_****CQk=', 'whsec_****LaSw'])
    expect(await shownAfter('secret:SHOP')).toBe('secret:SHOP')
    expect((await api.json('GET', PATH)).signingSecret).toBe('secret:SHOP')
    expect(await shownAfter(null)).toBeNull()
  })

  test('stays when what is shown of it comes back, also beside a new one', async () => {
    const api = await openApi()
    const textsOf = () => api.workers.book.planOf('w')
    await api.json('PUT', PATH, { signingSecret: SECRET })
    const { signingSecret } = await api.json('GET', PATH)
    expect(await api.json('PUT', PATH, { signingSecret, timeoutSeconds: 5 })).toMatchObject({ signingSecret })
    expect(textsOf()).toMatchObject({ signing: { secrets: [SECRET, SECRET.slice(6)], problem: null } })
    await api.json('PUT', PATH, { signingSecret: [NEW, signingSecret] })
    expect(textsOf()).toMatchObject({ signing: { secrets: [NEW, NEW.slice(6), SECRET, SECRET.slice(6)] } })
    await api.json('PUT', PATH, { maxConcurrent: 3 })
    expect(textsOf()).toMatchObject({ signing: { problem: null, secrets: { length: 4 } } })
  })

  test('of a rule is that of its workers, and goes along when one gets settings of its own', async () => {
    const api = await openApi()
    await api.json('PUT', '/api/v1/worker/shop/*', { signingSecret: SECRET })
    expect(await api.json('PUT', '/api/v1/worker/shop/a', { signingSecret: 'whsec_****LaSw' })).toMatchObject({
      settingsFrom: 'shop/a',
      signingSecret: 'whsec_****LaSw',
    })
    expect(api.workers.book.planOf('shop/a')).toMatchObject({ signing: { problem: null, signers: { length: 1 } } })
  })

  test.each([
    ['sk-live-canary', '/signingSecret'],
    ['whsec_c2hvcnQ=', '/signingSecret'],
    ['whsec_****abcd', '/signingSecret'],
    [[SECRET, 'whsec_****abcd'], '/signingSecret/1'],
    [[SECRET, SECRET], '/signingSecret/1'],
    [[NEW, 'canary'], '/signingSecret/1'],
    [[SECRET, NEW, 'secret:SHOP'], '/signingSecret'],
    [[], '/signingSecret'],
    [{ secret: SECRET }, '/signingSecret'],
    [5, '/signingSecret'],
    ['secret:NONE', '/signingSecret'],
    ['secret:OTHER', '/signingSecret'],
    ['secret:KEY', '/signingSecret'],
    [`whsk_${Buffer.alloc(64, 5).toString('base64')}`, '/signingSecret'],
  ])('is not %j: refused with its place and without its value', async (signingSecret, pointer) => {
    const api = await openApi()
    const before = await api.fingerprint()
    const answer = await api.call('PUT', PATH, { body: { signingSecret } })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer }])
    for (const text of ['canary', SECRET.slice(6), NEW.slice(6), 'c2hvcnQ', 'sk-live'])
      expect(answer.body).not.toContain(text)
    expect([await api.fingerprint(), await api.storage.getRecord(settingsKey('w'))]).toEqual([before, null])
  })

  test('is not taken where nothing can encrypt it, but by its name', async () => {
    const api = await openApi({ secretKey: null })
    const answer = await api.call('PUT', PATH, { body: { signingSecret: SECRET } })
    expect(expectProblem(answer, 422, 'invalid_request').errors).toEqual([
      {
        pointer: '/signingSecret',
        detail:
          'this server has no key to encrypt it with: set CREW_SECRET_KEY (openssl rand -base64 32) and start it again, ' +
          'or put the secret into the environment as CREW_SECRET_X and write secret:X',
      },
    ])
    expect(await api.json('PUT', PATH, { signingSecret: 'secret:SHOP' })).toMatchObject({
      signingSecret: 'secret:SHOP',
    })
  })

  test('that this server cannot read is shown and stays, also through a change of something else', async () => {
    const api = await openApi()
    const foreign = makeSigningKeys({ secretKey: new Uint8Array(32).fill(3) }).seal(SECRET)
    await api.storage.putRecord(settingsKey('w'), JSON.stringify({ signingSecrets: [foreign] }))
    await api.workers.book.reload()
    expect(await api.json('PUT', PATH, { timeoutSeconds: 5 })).toMatchObject({ signingSecret: 'whsec_****LaSw' })
    expect(JSON.parse((await api.storage.getRecord(settingsKey('w'))) ?? '').signingSecrets).toEqual([foreign])
    const test = await api.json('POST', `${PATH}/test`, {})
    expect(test).toMatchObject({ answer: null })
    expect(test.error).toContain('not sent: signingSecret: whsec_****LaSw was encrypted with the key')
  })

  test('is encrypted with the present key by the next change of its worker', async () => {
    const api = await openApi()
    const before = makeSigningKeys({ secretKey: SECRET_KEY }).seal(SECRET)
    await api.storage.putRecord(settingsKey('w'), JSON.stringify({ signingSecrets: [before] }))
    const rotated = await makeApi({ workers: { secretKey: new Uint8Array(32).fill(8), oldKey: SECRET_KEY } })
    await rotated.storage.putRecord(settingsKey('w'), JSON.stringify({ signingSecrets: [before] }))
    await rotated.workers.book.reload()
    await rotated.json('PUT', PATH, {})
    const [after] = JSON.parse((await rotated.storage.getRecord(settingsKey('w'))) ?? '').signingSecrets
    expect(after.keyId).not.toBe(before.keyId)
    expect(makeSigningKeys({ secretKey: new Uint8Array(32).fill(8) }).signingOf([after])).toMatchObject({
      problem: null,
      secrets: [SECRET, SECRET.slice(6)],
    })
  })
})

describe('a signed request', () => {
  const headers = { 'webhook-timestamp': '(set when sent)', 'webhook-signature': '(signed when sent)' }

  test('is shown without a signature, before it is sent and by a test call', async () => {
    const api = await openApi()
    await api.json('PUT', PATH, { signingSecret: SECRET })
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    expect((await api.json('GET', '/api/v1/task/t/request')).headers).toMatchObject(headers)
    const testing = api.json('POST', `${PATH}/test`, {})
    await expect.poll(() => api.workers.workers.open.length).toBe(1)
    const [call] = api.workers.workers.open
    const at = call?.headers.indexOf('webhook-signature') ?? -1
    const sent = call?.headers[at + 1] ?? ''
    expect(sent).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/)
    const body = JSON.stringify({ error: `got ${sent}, expected by ${SECRET}` })
    call?.reply({ kind: 'answer', status: 401, headers: { 'x-got': sent }, body, bytes: body.length })
    const tested = await testing
    expect(tested).toMatchObject({
      request: { headers },
      answer: { headers: { 'x-got': 'v1,***' }, body: '{"error":"got v1,***, expected by ***"}' },
    })
    expect(JSON.stringify([tested, api.log])).not.toContain(sent.slice(3))
  })

  test('of a worker without a secret has none of these headers', async () => {
    const api = await openApi()
    await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ id: 't', worker: 'w' }] })
    const shown = Object.keys((await api.json('GET', '/api/v1/task/t/request')).headers)
    expect(shown.filter((name) => name.startsWith('webhook-'))).toEqual(['webhook-id'])
  })

  test('is signed by nothing that somebody set as a header', async () => {
    const api = await openApi()
    for (const name of ['webhook-id', 'Webhook-Timestamp', 'webhook-signature']) {
      const answer = await api.call('PUT', PATH, { body: { headers: { [name]: 'x' } } })
      expect(expectProblem(answer, 422, 'invalid_request').errors).toMatchObject([{ pointer: `/headers/${name}` }])
    }
  })
})
