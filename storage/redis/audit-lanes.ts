import { type Fault, faultOf } from '../../server/core/fault.ts'
import type { Dump } from './dump.ts'
import type { KeyKind } from './keys.ts'

/** Every lane with something claimable is where a claim finds it, no later than its first task. */
export function faultsOfLanes(dump: Dump): Fault[] {
  const clock = (dump.get('clock')?.get('') ?? new Map()) as ReadonlyMap<string, string>
  return [...(dump.get('lane') ?? [])].flatMap(([id, value]) => {
    const lane = value as ReadonlyMap<string, string>
    const at = lane.get('at') === '' || lane.get('at') === undefined ? Number.POSITIVE_INFINITY : Number(lane.get('at'))
    const ready = (dump.get('ready')?.get(id) ?? new Map()) as ReadonlyMap<string, string>
    const first = Math.min(...[...ready.values()].map(Number))
    const faults =
      at <= first ? [] : [faultOf('lane', id, 'when its first task is due', { expected: first, found: at })]
    if (!isPlaced(id, lane, clock, dump))
      faults.push(
        faultOf('lane', id, `its place in state ${lane.get('state')}`, { expected: 'there', found: 'missing' }),
      )
    if (ready.size > 0 && lane.get('state') === 'i')
      faults.push(faultOf('lane', id, 'its state', { expected: 'one that claims look at', found: 'idle' }))
    return faults
  })
}

function isPlaced(
  id: string,
  lane: ReadonlyMap<string, string>,
  clock: ReadonlyMap<string, string>,
  dump: Dump,
): boolean {
  const has = (kind: KeyKind, of: string, member: string) => {
    const members = dump.get(kind)?.get(of)
    return members instanceof Map && members.has(member)
  }
  switch (lane.get('state')) {
    case 'q': {
      const [number, worker] = [lane.get('number') ?? '', lane.get('worker') ?? '']
      const isQueued = has('queue', `${number}:${worker}`, lane.get('entry') ?? '')
      return isQueued && has('ring', worker, number) && has('workers', '', worker)
    }
    case 't':
      return clock.get(id) === lane.get('at')
    case 'h':
      if (lane.get('by')?.startsWith('workgroup:')) {
        const place = `${lane.get('number')} ${lane.get('worker')}`
        return has('held', lane.get('by') ?? '', place) && has('line', `${lane.get('by')} ${place}`, id)
      }
      return (
        has('held', lane.get('by') ?? '', id) || [...(dump.get('waking') ?? [])].some(([of]) => has('waking', of, id))
      )
    default:
      return !clock.has(id)
  }
}
