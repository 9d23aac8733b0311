import { Raw } from './json-text.ts'
import type { Schema } from './operations.ts'
import { chance, type Maker, PUSHED, validValue } from './valid-values.ts'

/** A body that an operation may well take. */
export function validBody(operation: string, schema: Schema, maker: Maker): unknown {
  const made = chance(maker, 0.8) ? bodies[operation]?.(maker) : undefined
  return made ?? validValue(schema, maker)
}

/** Where fields hang together in ways that no schema tells. */
const bodies: Readonly<Record<string, (maker: Maker) => object>> = {
  login: () => ({ username: 'admin', password: 'secret' }),
  clean: () => ({ dryRun: true }),
  createBulk: bulkBody,
  createUser: (maker) => ({ name: maker.fresh(), role: role(maker), password: 'long enough for all' }),
  createToken: (maker) => ({ name: maker.fresh(), role: role(maker) }),
  createView: (maker) => ({ name: maker.fresh(), query: 'state=failed', isShared: chance(maker, 0.5) }),
  createOperator: (maker) => ({ channel: maker.fresh(), isPaused: chance(maker, 0.2) }),
  createTaskGraph: (maker) => ({ name: 'graph', isPaused: chance(maker, 0.2), tasks: graphTasks(maker) }),
  createTasks: (maker) => ({ tasks: graphTasks(maker) }),
  putSchedule: (maker) => ({
    cron: '0 3 * * *',
    isPaused: chance(maker, 0.2),
    template: { name: 'nightly', tasks: graphTasks(maker) },
  }),
  pauseWorkgroup: ({ random }) =>
    random.pick<object>([{}, { seconds: 1 }, { until: '2026-12-24T00:00:00Z', reason: 'Ω' }]),
  pauseWorker: ({ random }) => random.pick([{}, { seconds: 1 }]),
  updateNotifications: () => ({ notify: [] }),
}

const role = ({ random }: Maker) => random.pick(['viewer', 'operator', 'admin'])

function bulkBody(maker: Maker): object {
  const { random, known } = maker
  if (chance(maker, 0.4)) return { snapshot: known.one('snapshot', random) }
  const target = random.pick(['tasks', 'groups'])
  const action = random.pick(['pause', 'resume', 'retry', 'reset'])
  const ids = [known.one(target === 'tasks' ? 'task' : 'group', random)]
  return { dryRun: true, action, target, ...(chance(maker, 0.5) ? { ids } : { filter: {} }) }
}

/** One before two before one. */
function graphTasks(maker: Maker): object[] {
  const [first, left, right, last] = [maker.fresh(), maker.fresh(), maker.fresh(), maker.fresh()]
  const worker = maker.random.pick(PUSHED)
  return [
    { id: last, worker, parentIds: [left, right] },
    { id: first, worker, input: new Raw('{"n": 1.50}') },
    { id: left, worker, parentIds: [first], priority: -1 },
    { id: right, worker: 'poller', parentIds: [first], workgroup: 'wg' },
  ]
}
