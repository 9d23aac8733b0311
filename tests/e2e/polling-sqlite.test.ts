import { test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { createTasks, expectSound, finish, POLLERS, releasedBy, startPollers, TASKS } from './polling/work.ts'
import { makeDir, startCrew } from './support/crew.ts'
import { eventually } from './support/waiting.ts'

test('twenty pollers at one server on SQLite do each of 5,000 tasks once, also when it is killed and comes back', async () => {
  const start = { dir: makeDir(), args: ['--port', String(await freePort())], env: { CREW_LOG_LEVEL: 'error' } }
  let crew = await startCrew(start)
  const groups = await createTasks(crew.api, { count: TASKS, groups: 1 })
  const pollers = startPollers(() => [crew.url])
  await eventually('some are done', () => releasedBy(pollers) > 500)
  await pollers[0]?.dieWithTask()
  await crew.kill9()
  crew = await startCrew(start)
  const history = await finish(crew.api, groups, pollers)
  expectSound(history, 1 + POLLERS)
})
