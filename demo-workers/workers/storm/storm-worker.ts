import { textField } from '../../contract/json.ts'
import { json } from '../../contract/replies.ts'
import type { DemoWorker, WorkerReply, World } from '../../contract/worker.ts'
import { RecentMap } from '../../simulation/recent-map.ts'
import { parsePlan } from '../../simulation/storm/storm-plan.ts'
import { PATIENCE_MS, type ProviderAnswer, StormProvider } from '../../simulation/storm/storm-provider.ts'

/** Storms that are remembered; only the latest are watched. */
const MAX_STORMS = 20

/**
 * `storm/RUN/KEY` calls the simulated provider of a storm with one of its keys and passes on what it says, as a worker in front of
 * a real API does; `storm/RUN` takes the key from the input, `{"key"}`. PUT `storm/RUN` with a plan makes the provider, GET tells what it counted.
 */
export function createStorm(world: World): DemoWorker {
  const providers = new RecentMap<StormProvider>(MAX_STORMS)
  return {
    name: 'storm/*',
    about: 'Calls a simulated provider with quotas and an outage, for `crew demo storm`.',
    async run(call) {
      const [, run = '', key = textField(call.input, 'key', '')] = call.worker.split('/')
      const provider = providers.get(run)
      const begun = provider?.begin(key, world.now())
      if (!provider || !begun) return unknownKey(call.worker)
      try {
        await world.sleep(begun.latencyMs, call.signal)
      } finally {
        provider.end(key)
      }
      return replyOf(begun.answer, key)
    },
    async administer(request, name) {
      const run = name.split('/').slice(1).join('/')
      if (request.method === 'PUT') {
        const plan = parsePlan(await request.json().catch(() => undefined))
        if (!plan) return json(400, { error: 'This is no plan of a storm: it names no keys, or odd ones.' })
        providers.set(run, new StormProvider(plan))
      } else if (request.method !== 'GET') {
        return json(405, { error: 'A storm is made with PUT and read with GET.' }, { allow: 'GET, PUT' })
      }
      const provider = providers.get(run)
      return provider ? json(200, provider.report(world.now())) : json(404, { error: `There is no storm "${run}".` })
    },
  }
}

function unknownKey(worker: string): WorkerReply {
  const error = `there is no provider for ${worker}: it goes when its server stops`
  return { kind: 'failed', status: 404, error, isRetryable: false }
}

function replyOf(answer: ProviderAnswer, key: string): WorkerReply {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'done', output: { key }, headers: answer.headers }
    case 'overQuota': {
      const { retryAfterSeconds, headers } = answer
      return { kind: 'rateLimited', error: `the quota of ${key} is used up`, retryAfterSeconds, headers }
    }
    case 'unavailable':
      return { kind: 'failed', status: 503, error: 'the provider answered 503' }
    case 'refused':
      return { kind: 'failed', status: 502, error: 'the provider refused the connection' }
    case 'silent':
      return { kind: 'failed', status: 504, error: `the provider gave no answer in ${PATIENCE_MS} ms` }
  }
}
