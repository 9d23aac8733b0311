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
export const ScheduleParams = Type.Object({ id: text('The schedule.') })
export const BulkParams = Type.Object({ id: text('The operation.') })
export const ErrorParams = Type.Object({ fingerprint: text('The kind of error.') })
export const WorkerParams = Type.Object({
  name: text('The worker, or a rule like `shopify/*`, percent-encoded. A `/` in it may also stand as it is.'),
})
export const ChannelParams = Type.Object({
  channel: text('The channel: the name of a worker, percent-encoded. A `/` in it may also stand as it is.'),
})
export const OperatorParams = Type.Object({
  id: text('The channel of the operator, percent-encoded, or with its `/` as they are.'),
})
export const AttemptParams = Type.Object({ token: text('What the worker got as `callback.token`: it needs no login.') })
export const UserParams = Type.Object({ name: text('The user.') })
export const TokenParams = Type.Object({ id: text('The token, by its id, which is no secret.') })
export const ViewParams = Type.Object({ id: text('The saved view.') })
export const StreamParams = Type.Object({
  gid: text('The group.'),
  token: text('What POST /login gave; `-` when login is off.'),
})
