import { Type } from 'typebox'

const text = (description: string) => Type.String({ description })

export const GroupParams = Type.Object({ id: text('The group.') })
export const GroupTasksParams = Type.Object({ gid: text('The group.') })
export const TaskParams = Type.Object({ tid: text('The task.') })
export const GroupTaskParams = Type.Object({
  gid: text('The group.'),
  tid: text('The task; of another group it is 404.'),
})
export const WorkgroupParams = Type.Object({ name: text('The workgroup, percent-encoded.') })
export const StreamParams = Type.Object({
  gid: text('The group.'),
  token: text('What POST /login gave; `-` when login is off.'),
})
