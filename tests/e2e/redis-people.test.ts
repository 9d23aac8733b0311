import { expect, test } from 'vitest'
import { awakeMs } from '../support/awake.ts'
import { type Instance, startFleet } from './redis/fleet.ts'
import { eventually } from './support/waiting.ts'

/** How soon all servers know; a busy machine is given more. */
const NOTICED_MS = 3000

const statusAt = async ({ url }: Instance, token: string): Promise<number> =>
  (await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status

test('who is added at one server is known at all, and who is revoked at one is soon out at all', async () => {
  const fleet = await startFleet({ size: 3 })
  const [a, b, c] = fleet.instances as [Instance, Instance, Instance]
  const { id, secret } = await a.api.post<{ id: string; secret: string }>('/api/v1/tokens', {
    name: 'ci',
    role: 'viewer',
  })
  await a.api.post('/api/v1/users', { name: 'dana', role: 'viewer', password: 'a long password' })
  const { token } = await b.api.post<{ token: string }>('/login', { username: 'dana', password: 'a long password' })
  for (const one of [a, b, c]) expect([await statusAt(one, secret), await statusAt(one, token)]).toEqual([200, 200])

  await b.api.delete(`/api/v1/token/${id}`)
  await c.api.put('/api/v1/user/dana', { role: 'operator' })
  expect([await statusAt(b, secret), await statusAt(c, token)]).toEqual([401, 401])
  const revokedAt = performance.now()
  await eventually('all servers refuse both', async () => {
    const seen = [a, b, c].flatMap((one) => [statusAt(one, secret), statusAt(one, token)])
    return (await Promise.all(seen)).every((status) => status === 401)
  })
  expect(awakeMs(revokedAt)).toBeLessThan(NOTICED_MS)
})
