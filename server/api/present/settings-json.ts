import type { FinallyTask } from '../../core/finally-task.ts'
import type { GroupSettings } from '../../core/group-settings.ts'
import { maskedUrl, type Receiver } from '../../core/receiver.ts'
import { mayAct, type Role } from '../../core/roles.ts'

/**
 * The settings of a group as members of a JSON object, as they can be sent back; those that are absent are left out. Whoever may not set
 * who is told sees of each the host: with many receivers the path is the secret.
 */
export function settingsMembers(settings: Partial<GroupSettings>, role: Role): string {
  const { onTaskFailure, notify, finally: last } = settings
  const members = { onTaskFailure, notify: notify?.map(mayAct(role, 'operator') ? receiverJson : maskedReceiver) }
  const text = JSON.stringify(members).slice(1, -1)
  return [text, ...(last === undefined ? [] : [`"finally":${last === null ? 'null' : finallyJson(last)}`])]
    .filter((part) => part !== '')
    .join(',')
}

/** A receiver as clients see it: its secrets masked, and null without any. */
export function receiverJson({ url, events, shownSecrets }: Receiver) {
  const [first = null, ...more] = shownSecrets
  return { url, events, signingSecret: more.length > 0 ? shownSecrets : first }
}

const maskedReceiver = (receiver: Receiver) => ({ ...receiverJson(receiver), url: maskedUrl(receiver.url) })

/** Its input as the text that came. */
function finallyJson({ input, ...task }: FinallyTask): string {
  const json = JSON.stringify(task)
  return input === undefined ? json : `${json.slice(0, -1)},"input":${input}}`
}
