import { useQuery } from '@tanstack/react-query'
import { type Readiness, readiness } from '../api/system.ts'

/** It lasts until somebody makes room, so half a minute late is early enough, and nearly nothing to ask for. */
const LOOK_MS = 30_000

/** Above every page while the store takes no writes: what happened, what it means, what to do. */
export function StorageBanner() {
  const { data } = useQuery({ ...readiness, refetchInterval: LOOK_MS })
  const text = data && textOf(data.detail)
  return (
    <div role="status">
      {text && (
        <p className="border-b border-danger bg-sunken px-4 py-1.5 text-center">
          <strong className="text-danger">{text.what}</strong> {text.todo}
        </p>
      )}
    </div>
  )
}

function textOf({ state, storage }: Readiness['detail']): { what: string; todo: string } | null {
  switch (state) {
    case 'read-only':
      return {
        what: 'The store is full.',
        todo: `Everything can be read, nothing can be changed, and no task starts. ${roomIn(storage.engine)} It goes on by itself.`,
      }
    case 'storage away':
      return {
        what: 'The store does not answer.',
        todo: `Nothing can be changed and no task starts. See whether ${storage.engine === 'redis' ? 'Redis' : 'its disk'} is there: it goes on by itself.`,
      }
    default:
      return null
  }
}

const roomIn = (engine: string): string =>
  engine === 'redis' ? 'Raise the maxmemory of Redis.' : 'Free some space on its disk.'
