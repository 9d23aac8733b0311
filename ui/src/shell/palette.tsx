import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react'
import { groupList } from '../api/groups.ts'
import { Dialog } from '../kit/dialog.tsx'
import { INPUT } from '../kit/field.tsx'
import { switchTheme, switchZone } from './preferences.ts'

interface Choice {
  readonly label: string
  readonly hint: string
  readonly run: () => void
}

/** Goes to a page, a group found by name, or a task by its id. */
export function Palette({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog title="Go to" isOpen={isOpen} onClose={onClose}>
      <PaletteList onClose={onClose} />
    </Dialog>
  )
}

function PaletteList({ onClose }: { readonly onClose: () => void }) {
  const id = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const choices = useChoices(text)
  const chosen = choices[Math.min(at, choices.length - 1)]
  const run = (choice: Choice | undefined): void => {
    onClose()
    choice?.run()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) setAt(Math.max(0, Math.min(choices.length - 1, at + step)))
    else if (event.key === 'Enter') run(chosen)
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={chosen && `${id}-${choices.indexOf(chosen)}`}
        aria-label="Page, group or task id"
        placeholder="Page, group or task id"
        className={`${INPUT} mt-3`}
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={id} role="listbox" aria-label="Where to" className="mt-2">
        {choices.map((choice, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the input, as a combobox has them
          <div
            key={choice.label + choice.hint}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={choice === chosen}
            className="flex min-h-9 cursor-pointer items-center gap-3 rounded-md px-3 hover:bg-sunken aria-selected:bg-sunken aria-selected:outline-2 aria-selected:outline-accent"
            onClick={() => run(choice)}
          >
            <span className="min-w-0 flex-1 truncate">{choice.label}</span>
            <span className="text-soft">{choice.hint}</span>
          </div>
        ))}
      </div>
    </>
  )
}

function useChoices(text: string): readonly Choice[] {
  const navigate = useNavigate()
  const typed = text.trim()
  const q = useDeferredValue(typed)
  const { data, isPlaceholderData } = useQuery({
    ...groupList({ q, pageSize: 8 }),
    enabled: q !== '',
    refetchInterval: false,
  })
  const pages: readonly Choice[] = [
    { label: 'Task groups', hint: 'page', run: () => void navigate({ to: '/groups' }) },
    { label: 'Workers', hint: 'page', run: () => void navigate({ to: '/workers' }) },
    { label: 'Workgroups', hint: 'page', run: () => void navigate({ to: '/workgroups' }) },
    { label: 'Schedules', hint: 'page', run: () => void navigate({ to: '/schedules' }) },
    { label: 'Activity', hint: 'page', run: () => void navigate({ to: '/activity' }) },
    { label: 'Users', hint: 'page', run: () => void navigate({ to: '/settings/users' }) },
    { label: 'Tokens', hint: 'page', run: () => void navigate({ to: '/settings/tokens' }) },
    { label: 'Errors', hint: 'page', run: () => void navigate({ to: '/errors' }) },
    { label: 'Bulk operations', hint: 'page', run: () => void navigate({ to: '/bulk' }) },
    { label: 'Settings', hint: 'page', run: () => void navigate({ to: '/settings' }) },
    { label: 'API docs', hint: 'page', run: () => location.assign(new URL('docs', document.baseURI)) },
    { label: 'Change the theme', hint: 'action', run: switchTheme },
    { label: 'Change the time zone', hint: 'action', run: switchZone },
  ]
  // Enter takes what the text says now, not what an earlier one found.
  const isFound = q === typed && typed !== '' && !isPlaceholderData
  const groups = (isFound ? (data?.taskGroups ?? []) : []).map(
    ({ id, name }): Choice => ({
      label: name || id,
      hint: 'group',
      run: () => void navigate({ to: '/groups/$gid', params: { gid: id } }),
    }),
  )
  const matching = pages.filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase()))
  const task: Choice = {
    label: typed,
    hint: 'task id',
    run: () => void navigate({ to: '/tasks/$tid', params: { tid: typed } }),
  }
  return [...matching, ...groups, ...(/^[\w.:-]{3,128}$/.test(typed) ? [task] : [])]
}
