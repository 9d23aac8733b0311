import { useState } from 'react'
import { curlOf } from '../../api/client.ts'
import { useAddTask } from '../../api/tasks.ts'
import { ActionDialog } from '../../kit/action-dialog.tsx'
import { jsonFault } from '../../lib/json-fault.ts'
import { newTaskBody, TaskFields } from '../task/task-fields.tsx'

interface Props {
  readonly groupId: string
  readonly parentIds: readonly string[]
  readonly onClose: () => void
}

export function AddTaskDialog({ groupId, parentIds, onClose }: Props) {
  const add = useAddTask(groupId)
  const [input, setInput] = useState('null')
  return (
    <ActionDialog
      title="Add a task"
      about={
        parentIds.length > 0
          ? 'It runs when its parent is complete, and gets its output.'
          : 'It runs as soon as it can.'
      }
      confirm="Add"
      done="Task added"
      isWide
      blocked={jsonFault(input) !== null}
      run={(form) => add.mutateAsync(newTaskBody(form, input))}
      curl={(form) => curlOf('createTask', { params: { id: groupId }, rawBody: newTaskBody(form, input) })}
      onClose={onClose}
    >
      <TaskFields isNew parentIds={parentIds} input={input} onInput={setInput} />
    </ActionDialog>
  )
}
