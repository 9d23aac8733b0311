import { useEffect, useState } from 'react'

/** How far the server's clock is ahead of ours, ms. */
let offsetMs = 0
/** `Date` counts whole seconds, so less than two is no difference. */
const SAME_MS = 2000

/** From the header `Date` of an answer. */
export function noteServerTime(date: string | null): void {
  if (date === null) return
  const ahead = new Date(date).getTime() - Date.now()
  if (Math.abs(ahead - offsetMs) >= SAME_MS) offsetMs = Math.abs(ahead) < SAME_MS ? 0 : ahead
}

/** From the websocket, which tells milliseconds. */
export function noteServerNow(time: string): void {
  offsetMs = new Date(time).getTime() - Date.now()
}

/** The server's time, epoch ms. */
export const serverNow = (): number => Date.now() + offsetMs

/** The same, so that "in 41 s" is right on a machine whose clock is wrong; moves once a second. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
