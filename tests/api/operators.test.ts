import { describe, expect, test } from 'vitest'
import { type Api, expectProblem, type Json, makeApi } from './make-api.ts'

const KEY = 'sk-live-1234567890'
const makeOperators = (): Promise<Api> => makeApi({ workers: { secrets: { KEY } } })

const url = 'https://hooks.example.com/w'
const headers = { authorization: 'Bearer secret:KEY' }
const operator = {
  id: 'shop/orders',
  _id: 'shop/orders',
  channel: 'shop/orders',
  url,
  requestConfig: { headers },
  isPaused: true,
}
const { id: _id, _id: __id, ...input } = operator

describe('an operator', () => {
  test('is the settings of a worker, whichever way they were made', async () => {
    const api = await makeOperators()
    expect(await api.json('POST', '/api/v1/operators', input)).toEqual(operator)
    expect(await api.json('GET', '/api/v1/worker/shop/orders')).toMatchObject({ url, headers, isPaused: true })
    await api.json('PUT', '/api/v1/worker/a', { timeoutSeconds: 5 })
    await api.json('PUT', '/api/v1/worker/shop%2F*', { url })
    const plain = { id: 'a', _id: 'a', channel: 'a', url: null, requestConfig: { headers: {} }, isPaused: false }
    expect(await api.json('GET', '/api/v1/operators')).toEqual([plain, operator])
  })

  test.each(['shop/orders', 'shop%2Forders'])('is addressed as %s', async (path) => {
    const api = await makeOperators()
    await api.json('POST', '/api/v1/operators', input)
    expect(await api.json('GET', `/api/v1/operator/${path}`)).toEqual(operator)
    const changed = { ...operator, isPaused: false }
    expect(await api.json('PUT', `/api/v1/operator/${path}`, { isPaused: false })).toEqual(changed)
    // As v1's page does: all of it, as it was read.
    const sent = { ...changed, requestConfig: null, createdAt: '2022-01-01T00:00:00Z' }
    expect(await api.json('PUT', `/api/v1/operator/${path}`, sent)).toEqual({
      ...changed,
      requestConfig: { headers: {} },
    })
    expect(await api.json('DELETE', `/api/v1/operator/${path}`)).toEqual({ id: 'shop/orders', deleted: true })
    expectProblem(await api.call('GET', `/api/v1/operator/${path}`), 404, 'worker_not_found')
  })

  test('is created once', async () => {
    const api = await makeOperators()
    await api.json('POST', '/api/v1/operators', { channel: 'a' })
    expectProblem(await api.call('POST', '/api/v1/operators', { body: { channel: 'a', url } }), 409, 'duplicate_id')
    expect(await api.json('GET', '/api/v1/operator/a')).toMatchObject({ url: null })
  })

  test.each(['GET', 'PUT', 'DELETE'])(
    'that is none is not found by %s: a rule, or a worker without settings',
    async (method) => {
      const api = await makeOperators()
      await api.json('PUT', '/api/v1/worker/shop%2F*', { url })
      await api.json('POST', '/api/v1/task_groups/graph', { id: 'g', tasks: [{ worker: 'known' }] })
      const before = await api.fingerprint()
      for (const name of ['shop%2F*', 'shop/orders', 'known', 'nobody', 'x/history'])
        expectProblem(
          await api.call(method, `/api/v1/operator/${name}`, method === 'PUT' ? { body: {} } : {}),
          404,
          'worker_not_found',
        )
      expect(await api.fingerprint()).toBe(before)
    },
  )

  test('is created by the first of two that come at once', async () => {
    const api = await makeOperators()
    const bodies = ['first', 'second'].map((path) => ({ channel: 'a', url: `https://hooks.example.com/${path}` }))
    const [made, late] = await Promise.all(bodies.map((body) => api.call('POST', '/api/v1/operators', { body })))
    expect(made?.json()).toMatchObject(bodies[0] ?? {})
    expect([made?.statusCode, late?.statusCode]).toEqual([200, 409])
    expect(await api.json('GET', '/api/v1/operator/a')).toMatchObject(bodies[0] ?? {})
  })

  test('keeps its secret to itself', async () => {
    const api = await makeOperators()
    await api.json('POST', '/api/v1/operators', input)
    for (const path of ['/api/v1/operators', '/api/v1/operator/shop/orders'])
      expect((await api.call('GET', path)).body).not.toContain(KEY)
    const requestConfig = { headers: { authorization: KEY } }
    const refused = await api.call('PUT', '/api/v1/operator/shop/orders', { body: { requestConfig } })
    expect(expectProblem(refused, 422, 'invalid_request').errors).toMatchObject([
      { pointer: '/requestConfig/headers/authorization' },
    ])
    expect(refused.body).not.toContain(KEY)
  })
})

describe('a bad operator', () => {
  test.each([
    [{}, ['/channel']],
    [[], ['']],
    [{ channel: '*' }, ['/channel']],
    [{ channel: 'shop/*' }, ['/channel']],
    [{ channel: 5, url: 5 }, ['/channel', '/url']],
    [{ channel: 'a', url: 'http://127.0.0.1/' }, ['/url']],
    [{ channel: 'a', url: 'ftp://x' }, ['/url']],
    [{ channel: 'a', requestConfig: 'x' }, ['/requestConfig']],
    [{ channel: 'a', requestConfig: { timeout: 5 } }, ['/requestConfig/timeout']],
    [{ channel: 'a', requestConfig: { headers: { 'x-a': 5 } } }, ['/requestConfig/headers/x-a']],
    [{ channel: 'a', requestConfig: { headers: { 'x-a': 'secret:NONE' } } }, ['/requestConfig/headers/x-a']],
    [{ channel: 'a', isPaused: 'yes' }, ['/isPaused']],
    [{ channel: 'a', headers: {} }, ['/headers']],
  ])('%j is refused in its own words, and changes nothing', async (body, pointers) => {
    const api = await makeOperators()
    const before = await api.fingerprint()
    const { errors } = expectProblem(await api.call('POST', '/api/v1/operators', { body }), 422, 'invalid_request')
    expect(errors.map((fault: { pointer: string }) => fault.pointer)).toEqual(pointers)
    expect(await api.fingerprint()).toBe(before)
  })

  test('does not take the channel of another one', async () => {
    const api = await makeOperators()
    await api.json('POST', '/api/v1/operators', { channel: 'a' })
    const { errors } = expectProblem(
      await api.call('PUT', '/api/v1/operator/a', { body: { channel: 'b' } }),
      422,
      'invalid_request',
    )
    expect(errors[0].pointer).toBe('/channel')
  })
})

test('the document allows the id of a channel with a slash, when it is sent back and when it is deleted', async () => {
  const { paths, components } = (await (await makeOperators()).json('GET', '/openapi.json')) as Json
  const [deleted] = Object.values<Json>(paths['/api/v1/operator/{id}'].delete.responses['200'].content)
  const schemas = [deleted.schema, components.schemas.OperatorEdit, components.schemas.OperatorInput]
  expect(schemas.map(({ properties }) => properties.id.pattern)).toEqual([undefined, undefined, undefined])
})
