import type { TrafficView } from '../../services/traffic.ts'
import { presentGate } from './gate-json.ts'

/** The gate of all tasks as clients see it. */
export function trafficJson({ inFlight, ...gate }: TrafficView): string {
  return JSON.stringify({ inFlight, ...presentGate(gate) })
}
