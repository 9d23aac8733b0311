import { useSyncExternalStore } from 'react'
import { live } from '../api/live.ts'
import { Button } from '../kit/button.tsx'

const WORDS = {
  live: ['●', 'Live'],
  polling: ['●', 'Every 5 s'],
  lost: ['○', 'Reconnecting'],
} as const

/** Whether what is shown follows the server. */
export function LiveSwitch() {
  const { isOn, mode } = useSyncExternalStore(live.subscribe, live.get)
  const [glyph, word] = isOn ? WORDS[mode] : ['‖', 'Paused']
  return (
    <Button
      look="quiet"
      aria-pressed={isOn}
      onClick={live.toggle}
      title="Follow the server, or stand still to read (r)"
      className="whitespace-nowrap"
    >
      <span aria-hidden="true">{glyph}</span> {word}
    </Button>
  )
}
