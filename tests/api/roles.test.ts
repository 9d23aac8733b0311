import { describe, expect, test } from 'vitest'
import { type Role, roles } from '../../server/core/roles.ts'
import { expectProblem, makeApi } from './make-api.ts'
import { isFollowed, makeRoles, readOperations } from './operations.ts'

/** Which operations are not as all others: who reads is a viewer, who changes something an operator. */
const exceptions: Readonly<Record<string, Role>> = {
  logout: 'viewer',
  changeMyPassword: 'viewer',
  createView: 'viewer',
  updateView: 'viewer',
  deleteView: 'viewer',
  updateWorkgroup: 'admin',
  updateWorker: 'admin',
  deleteWorker: 'admin',
  clean: 'admin',
  createOperator: 'admin',
  updateOperator: 'admin',
  deleteOperator: 'admin',
  updateTraffic: 'admin',
  getNotifications: 'admin',
  updateNotifications: 'admin',
  listUsers: 'admin',
  createUser: 'admin',
  updateUser: 'admin',
  deleteUser: 'admin',
  listTokens: 'admin',
  createToken: 'admin',
  deleteToken: 'admin',
}

describe('every route', () => {
  test('says who may: viewers read, operators write, and there are few exceptions', async () => {
    const operations = (await readOperations(await makeApi())).filter(({ isOpen }) => !isOpen)
    const usual = (method: string): Role => (method === 'GET' ? 'viewer' : 'operator')
    const unusual = operations.filter(({ method, role }) => role !== usual(method))
    expect(Object.fromEntries(unusual.map(({ id, role }) => [id, role]))).toEqual(exceptions)
  })

  test('refuses a role that is not enough, changes nothing then, and lets one in that is', async () => {
    const api = await makeApi()
    const headers = await makeRoles(api)
    const operations = (await readOperations(api)).filter((one) => !one.isOpen && !isFollowed(one))
    expect(operations.length).toBeGreaterThan(50)
    // When a token is used first is noted.
    for (const role of roles) await api.call('GET', '/authcheck', { headers: headers[role] })
    const before = await api.fingerprint()
    for (const { id, method, url, role: needed = 'admin' } of operations) {
      for (const role of roles.filter((one) => roles.indexOf(one) < roles.indexOf(needed))) {
        const answer = await api.call(method, url, { headers: headers[role] })
        expect([id, expectProblem(answer, 403, 'forbidden').detail]).toEqual([
          id,
          `This needs the role ${needed}; "${role}" is ${role}.`,
        ])
      }
    }
    expect(await api.fingerprint()).toBe(before)
    // The one ends what the others need; the other waits for a worker.
    const allowed = operations.filter(({ id }) => id !== 'logout' && id !== 'testWorker')
    for (const { id, method, url, role: needed = 'admin' } of allowed) {
      const answer = await api.call(method, url, { headers: headers[needed] })
      expect([id, answer.statusCode === 403 || answer.statusCode === 401]).toEqual([id, false])
    }
  })
})

describe('who one is', () => {
  test('is told to a session, to a token and where login is off', async () => {
    const api = await makeApi()
    expect(await api.json('GET', '/api/v1/me')).toEqual({ name: 'CREW_AUTH_TOKEN', role: 'admin', kind: 'token' })
    const { viewer } = await makeRoles(api)
    const me = await api.call('GET', '/api/v1/me', { headers: viewer })
    expect(me.json()).toEqual({ name: 'viewer', role: 'viewer', kind: 'token' })
    const { token } = await api.json('POST', '/login', { username: 'admin', password: 'secret' })
    const session = await api.call('GET', '/api/v1/me', { headers: { authorization: token } })
    expect(session.json()).toEqual({ name: 'admin', role: 'admin', kind: 'session' })
    const open = await makeApi({ auth: { kind: 'off' } })
    expect(await open.json('GET', '/api/v1/me')).toEqual({ name: 'anyone', role: 'admin', kind: 'off' })
  })
})
