import { describe, expect, test } from 'vitest'
import { type Api, makeApi, withFailing } from '../api/make-api.ts'
import { seeded } from '../e2e/support/random.ts'
import { runCampaign, type Target } from './campaign.ts'
import type { FuzzAnswer } from './judge.ts'
import { Known } from './known.ts'
import type { FuzzRequest } from './requests.ts'
import { makeLogins } from './world.ts'

type Spoil = (answer: FuzzAnswer, request: FuzzRequest) => FuzzAnswer

/** A campaign over this API, whose answers somebody may spoil. */
async function faultsOf(
  { api, writes }: { api: Api; writes?: () => readonly string[] },
  spoil: Spoil = (same) => same,
) {
  const target: Target = {
    logins: await makeLogins(api),
    async send(request) {
      const { method, url, headers, body } = request
      const raw = body === null ? {} : { raw: body }
      const answer = await api.call(method, url, { ...raw, headers: { authorization: '', ...headers } })
      return spoil(
        { status: answer.statusCode, headers: answer.headers as FuzzAnswer['headers'], text: answer.body },
        request,
      )
    },
    tend: async () => {},
    rest: async () => {},
    writes: writes ?? (() => []),
    takesTime: () => false,
    fingerprint: async () => null,
  }
  const document = await api.json('GET', '/openapi.json')
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => /task_groups$/.test(path)))
  const options = { target, document: { ...document, paths }, random: seeded(1), known: new Known(), requests: 250 }
  return (await runCampaign(options)).faults
}

/** Only where it would be right otherwise. */
const successes =
  (change: (answer: FuzzAnswer) => Partial<FuzzAnswer>) =>
  (answer: FuzzAnswer, { operation, method, login }: FuzzRequest): FuzzAnswer =>
    answer.status === 200 && method === operation.method && login === 'admin'
      ? { ...answer, ...change(answer) }
      : answer

const refusals =
  (change: (answer: FuzzAnswer) => Partial<FuzzAnswer>) =>
  (answer: FuzzAnswer): FuzzAnswer =>
    answer.status === 422 ? { ...answer, ...change(answer) } : answer

describe('a campaign finds', () => {
  test('an error of the server, with the smallest request that leads to it', async () => {
    const api = await makeApi({ wrap: withFailing('listGroups', new Error('a bug')) })
    const [first = ''] = await faultsOf({ api })
    expect(first).toMatch(/^listTaskGroups .*: 500, which nobody provoked/)
    expect(first).toMatch(/\$'\$CREW\/api\/v1\/task_groups'$/)
  })

  test.each([
    ['a member that is not documented', successes(({ text }) => ({ text: text.replace('{', '{"more":1,') })), 'more'],
    [
      'a member of another type',
      successes(({ text }) => ({ text: text.replace(/"count":\d+/, '"count":"1"') })),
      'integer',
    ],
    ['a success that is no JSON', successes(() => ({ text: 'ok' })), 'no JSON'],
    ['a success that is not documented', successes(() => ({ status: 201 })), '201 is not in the document'],
    [
      'a refusal that is no problem',
      refusals(() => ({ headers: { 'content-type': 'text/plain' } })),
      'of type text/plain',
    ],
    ['a code that is of another status', refusals(() => ({ status: 409 })), 'invalid_request with 409'],
    ['a code of nobody', refusals(({ text }) => ({ text: text.replace(/"code":"\w+"/, '"code":"oops"') })), 'code'],
    [
      'what is inside',
      refusals(({ text }) => ({ text: text.replace('"detail":"', '"detail":"/home/x.ts:1 ') })),
      'inside',
    ],
    [
      'a login that is let in',
      (answer: FuzzAnswer) => (answer.status === 401 ? { ...answer, status: 200 } : answer),
      'expected 401',
    ],
    [
      'a connection that breaks',
      refusals(() => {
        throw new Error('reset')
      }),
      'no answer: Error: reset',
    ],
  ])('%s', async (_name, spoil, sentence) => {
    const faults = await faultsOf({ api: await makeApi() }, spoil)
    expect(faults.join('\n')).toContain(sentence)
  })

  test('a refusal that writes', async () => {
    const writes: string[] = []
    const spoil: Spoil = (answer) => {
      writes.push('record x')
      return answer
    }
    const faults = await faultsOf({ api: await makeApi(), writes: () => writes }, spoil)
    expect(faults.join('\n')).toContain(' that wrote something: record x')
  })

  test('nothing where nothing is wrong', async () => {
    expect(await faultsOf({ api: await makeApi() })).toEqual([])
  })
})
