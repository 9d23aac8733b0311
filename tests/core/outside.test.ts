import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callbackHolder, decideAcceptance, lossOf, pollerOf, pollHolder } from '../../server/core/outside.ts'
import { OUTSIDE } from '../../server/core/task.ts'
import { NO_SIGNS } from '../../server/core/traffic.ts'
import { isAcceptance, readAcceptance, readOutsideAnswer, readReply } from '../../server/core/worker-response.ts'
import { answer, NOW, runningTask } from '../support/attempts.ts'

const decide = (body: string) => {
  const reply = answer(body, 202)
  if (!isAcceptance(reply)) throw new Error('a 202 is an acceptance')
  return decideAcceptance(runningTask({ workgroup: 'ads' }), 'token', {
    delays: readAcceptance(reply),
    signs: NO_SIGNS,
    now: NOW,
  })
}

describe('an acceptance', () => {
  test('changes nothing but what it says about time', () => {
    expect(decide('').changes).toEqual([])
    expect(decide('{"output":1,"children":[{"worker":"w"}],"error":"x","retryable":false}').changes).toEqual([])
    const held = decide('{"workgroupDelayInSeconds":30,"childrenDelayInSeconds":5}')
    expect(held.guards).toEqual([{ kind: 'lease', taskId: 'task', token: 'token', version: 1 }])
    expect(held.changes).toMatchObject([
      { kind: 'delayChildren', parentId: 'task', notBefore: NOW + 5_000 },
      { kind: 'holdWork', hold: { name: 'ads', until: NOW + 30_000, kind: 'delay' } },
    ])
    expect(held.events).toEqual([{ type: 'workgroup.held', workgroup: 'ads' }])
  })

  test('is none the less one whatever is in it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        const { changes } = decide(body)
        expect(changes.every(({ kind }) => kind === 'holdWork' || kind === 'delayChildren')).toBe(true)
      }),
    )
  })

  test.each([200, 201, 204, 302, 400, 429, 500])('is not %d', (status) => {
    expect(isAcceptance(answer('{}', status))).toBe(false)
  })
})

describe('who holds a lease tells why it ended', () => {
  test('whatever the names of workers are', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (workerId, leaseMs) => {
        const holders = [callbackHolder(workerId), pollHolder({ workerId, leaseMs })]
        expect(holders.map(lossOf)).toEqual(['silent', 'abandoned'])
        expect(holders.map(pollerOf)).toEqual([null, { workerId, leaseMs }])
        expect(holders.every((holder) => holder.startsWith(OUTSIDE))).toBe(true)
      }),
    )
  })

  test('a server that died', () => {
    expect(lossOf('01a20497-4e11-79a5-b656-e607ac012a1e')).toBe('lost')
  })
})

describe('what is told without a status', () => {
  const fail = (body: string) => readOutsideAnswer({ kind: 'fail', body })
  const complete = (body: string) => readOutsideAnswer({ kind: 'complete', body })

  test('fails without a word of why', () => {
    expect(fail('{}')).toMatchObject({ kind: 'failure', error: 'the worker says that it failed', isRetryable: true })
    expect(fail('{"output":[1]}')).toMatchObject({ output: '[1]' })
  })

  test('is read as an answer of 200 is', () => {
    const members = fc.record(
      { output: fc.json(), error: fc.option(fc.json()), retryable: fc.json(), retryAfterSeconds: fc.nat().map(String) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(members, fc.boolean(), (fields, isFail) => {
        const body = `{${Object.entries(fields).map(([name, text]) => `"${name}":${text}`)}}`
        const expected = readReply(answer(body), NOW)
        if (expected.kind === 'success' && isFail) expect(fail(body).kind).toBe('failure')
        else expect(readOutsideAnswer({ kind: isFail ? 'fail' : 'complete', body })).toEqual(expected)
      }),
    )
  })

  test('as a rate limit it is one of 429, with or without a time', () => {
    const told = '{"rateLimited":true,"error":"slow down","workgroupDelayInSeconds":30,"workgroup":"ads"}'
    const held = { kind: 'rateLimited', error: 'slow down', holdMs: 30_000, source: 'workgroupDelayInSeconds' }
    expect(fail(told)).toMatchObject(held)
    expect(complete(told)).toMatchObject(held)
    expect(complete('{"rateLimited":true}')).toMatchObject({ kind: 'rateLimited', holdMs: null, source: 'rateLimited' })
    expect(complete('{"rateLimited":false,"output":1}')).toMatchObject({ kind: 'success' })
  })

  test.each(['[]', 'nonsense', '{"retryAfterSeconds":"soon"}', '{"rateLimited":true,"workgroup":5}'])(
    'as %s fails by what is wrong with it',
    (body) => {
      for (const read of [fail, complete]) expect(read(body)).toMatchObject({ kind: 'failure', reason: 'badResponse' })
    },
  )
})
