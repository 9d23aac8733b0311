import { expect, test } from 'vitest'
import { makeApi } from './support/api-client.ts'
import { makeDir, runCrew, startCrew } from './support/crew.ts'

/** What a person starts and types: the demo workers, the password that was printed, nothing set. */
async function startDemo() {
  const crew = await startCrew({ dir: makeDir(), args: ['--demo'] })
  const printed = [...crew.stderr().matchAll(/admin \/ (\S+)/g)].map(([, password]) => password ?? '')
  expect(printed).toHaveLength(1)
  const [password = ''] = printed
  const demo = (name: string) =>
    runCrew({ dir: makeDir(), args: ['demo', name, '--url', crew.url, '--password', password] })
  return { crew, password, demo }
}

test('the ad campaign finishes, with retries and a hold of the workgroup on the way', async () => {
  const { crew, demo } = await startDemo()
  const { code, stdout, stderr } = await demo('campaign')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/"Plan the campaign" created \d+ tasks/)
  expect(stdout).toMatch(/workgroup \S+ is held for [\d.]+ s .*Retry-After/)
  expect(stdout).toMatch(/attempt 1 failed: .*retry at/)
  expect(stdout).toMatch(/✓ Ad 1\.4: .* succeeded, [2-9] attempts/)
  expect(stdout).toMatch(/✓ Quality check +succeeded, \d attempts?, joins 12/)
  expect(stdout).toMatch(/✓ Notify marketing +succeeded/)
  expect(stdout).toMatch(/Succeeded: 19 tasks, [1-9]\d* failed attempts retried, [1-9]\d* holds seen/)
  crew.term()
  expect(await crew.ended).toBe(0)
})

test('the diamond finishes with D after B and C', async () => {
  const { crew, demo } = await startDemo()
  const { code, stdout, stderr } = await demo('diamond')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/"D" started: its 3 parents are complete/)
  for (const name of ['Seed', 'A', 'B', 'C', 'D']) expect(stdout).toMatch(new RegExp(`✓ ${name} +succeeded, 1 attempt`))
  expect(stdout).toMatch(/Succeeded: 5 tasks, 0 failed attempts retried/)
  crew.term()
  expect(await crew.ended).toBe(0)
})

test('the first start prints a password that logs in, and no other start prints one', async () => {
  const dir = makeDir()
  const first = await startCrew({ dir, env: { CREW_AUTH_TOKEN: '' } })
  const [, password = ''] = /admin \/ (\S+)/.exec(first.stderr()) ?? []
  expect((first.stderr() + first.stdout()).split(password)).toHaveLength(2)
  await expectLogin(first.url, password)
  first.term()
  expect(await first.ended).toBe(0)

  const second = await startCrew({ dir, env: { CREW_AUTH_TOKEN: '' } })
  expect(second.stderr()).not.toMatch(/admin \/ /)
  await expectLogin(second.url, password)
  second.term()
  expect(await second.ended).toBe(0)
  expect(second.stderr() + second.stdout()).not.toContain(password)
})

async function expectLogin(url: string, password: string): Promise<void> {
  const stranger = makeApi(url, '')
  expect((await stranger.call('GET', '/authcheck')).status).toBe(401)
  expect((await stranger.call('POST', '/login', { username: 'admin', password: `${password}.` })).status).toBe(401)
  const { token } = await stranger.post<{ token: string }>('/login', { username: 'admin', password })
  const admin = makeApi(url, token)
  expect(await admin.call('GET', '/authcheck')).toMatchObject({ status: 200, text: 'Authenticated!' })
  await Promise.all([stranger.close(), admin.close()])
}
