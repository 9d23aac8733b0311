import type { ReactNode } from 'react'

interface Props {
  readonly title: string
  readonly id?: string
  /** Buttons beside the title. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** A part of a page, with its title. */
export const Section = ({ title, id, actions, children }: Props) => (
  <section aria-label={title} id={id} className="rounded-lg border border-line bg-surface p-4">
    <div className="flex flex-wrap items-center gap-3">
      <h2 className="font-semibold">{title}</h2>
      <span className="flex-1" />
      {actions}
    </div>
    <div className="mt-2">{children}</div>
  </section>
)

/** What is set or known, by name. */
export const FactList = ({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
    {facts.map(([name, value]) => (
      <div key={name} className="contents">
        <dt className="text-soft">{name}</dt>
        <dd className="break-words">{value}</dd>
      </div>
    ))}
  </dl>
)
