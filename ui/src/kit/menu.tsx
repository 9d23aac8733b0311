import * as Primitive from '@radix-ui/react-dropdown-menu'
import { type ReactNode, useId } from 'react'
import { useMay } from '../api/me.ts'
import type { Guarded } from '../lib/roles.ts'

export interface MenuItem {
  readonly label: string
  readonly onSelect: () => void
  readonly isDanger?: boolean
  /** What it does, where not everybody may: to those it is disabled, and says why. */
  readonly needs?: Guarded
  /** Why nobody may. */
  readonly refusal?: string | null
}

interface MenuProps {
  readonly trigger: ReactNode
  readonly items: readonly MenuItem[]
  /** What stands above them. */
  readonly heading?: ReactNode
}

/** A menu of actions. Not modal, because a modal one locks scrolling by a style sheet that the policy forbids. */
export const Menu = ({ trigger, ...content }: MenuProps) => (
  <Primitive.Root modal={false}>
    <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
    <Primitive.Portal>
      <Content {...content} />
    </Primitive.Portal>
  </Primitive.Root>
)

/** Reasons stand below, each once: whoever may nothing would read the same at every item. */
function Content({ items, heading }: Omit<MenuProps, 'trigger'>) {
  const id = useId()
  const refusalOf = useMay()
  const refusals = items.map(({ needs, refusal }) => refusal ?? (needs === undefined ? null : refusalOf(needs)))
  const reasons = [...new Set(refusals)].filter((reason) => reason !== null)
  return (
    <Primitive.Content
      align="end"
      sideOffset={4}
      className="z-30 max-h-(--radix-dropdown-menu-content-available-height) max-w-72 min-w-44 overflow-y-auto rounded-lg border border-line bg-surface p-1 shadow-lg"
    >
      {heading !== undefined && <Primitive.Label className="px-3 py-2">{heading}</Primitive.Label>}
      {items.map(({ label, onSelect, isDanger }, i) => {
        const reason = refusals[i] ?? null
        return (
          <Primitive.Item
            key={label}
            onSelect={onSelect}
            disabled={reason !== null}
            {...(reason !== null && { title: reason, 'aria-describedby': `${id}-${reasons.indexOf(reason)}` })}
            className={`flex min-h-8 cursor-pointer items-center rounded-md px-3 py-1 outline-none data-disabled:cursor-not-allowed data-disabled:text-soft data-disabled:opacity-70 data-highlighted:bg-sunken data-highlighted:outline-2 data-highlighted:outline-accent max-sm:min-h-11 ${isDanger && reason === null ? 'text-danger' : ''}`}
          >
            {label}
          </Primitive.Item>
        )
      })}
      {reasons.map((reason, i) => (
        <Primitive.Label
          key={reason}
          id={`${id}-${i}`}
          className="mt-1 border-t border-line px-3 py-2 text-[13px] text-soft"
        >
          {reason}
        </Primitive.Label>
      ))}
    </Primitive.Content>
  )
}
