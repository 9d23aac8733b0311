import * as Primitive from '@radix-ui/react-dialog'
import type { ReactNode } from 'react'

export interface DialogProps {
  readonly title: string
  /** One sentence, said with the title. */
  readonly about?: ReactNode
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly children: ReactNode
  readonly isWide?: boolean
}

/**
 * Traps the focus and gives it back. The veil is our own, not the one of Radix, which locks scrolling by a style sheet
 * that it writes into the page: the policy forbids that, and styles.css locks it by `:has()`.
 */
export function Dialog({ title, about, isOpen, onClose, children, isWide = false }: DialogProps) {
  return (
    <Primitive.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Primitive.Portal>
        <div className="fixed inset-0 z-40 bg-black/50" />
        <Primitive.Content
          className={`fixed top-[8vh] left-1/2 z-50 max-h-[84vh] w-[calc(100%-1.5rem)] -translate-x-1/2 overflow-auto rounded-xl border border-line bg-surface p-5 shadow-xl ${isWide ? 'max-w-3xl' : 'max-w-lg'}`}
          {...(about === undefined && { 'aria-describedby': undefined })}
        >
          <Primitive.Title className="text-lg font-semibold">{title}</Primitive.Title>
          {about !== undefined && <Primitive.Description className="mt-1 text-soft">{about}</Primitive.Description>}
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  )
}
