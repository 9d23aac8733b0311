import { Type } from 'typebox'
import { eventTypes, groupEventTypes, MAX_RECEIVER_URL, MAX_RECEIVERS } from '../../core/receiver.ts'
import { MAX_SIGNING_SECRETS } from '../../core/signing-secret.ts'
import { named, oneOf, orNull } from './named.ts'

const secretText = Type.String({ maxLength: 128 })

const signingSecret = orNull(
  Type.Union([secretText, Type.Array(secretText, { minItems: 1, maxItems: MAX_SIGNING_SECRETS })]),
  'Signs what it is sent, as Standard Webhooks says: `whsec_…`, or `secret:NAME` for CREW_SECRET_NAME in the environment. Answers mask it, and masked it may be sent back.',
)

const receiver = (events: readonly string[]) =>
  Type.Object(
    {
      url: Type.String({
        format: 'uri',
        maxLength: MAX_RECEIVER_URL,
        description: 'Where it is POSTed to. Viewers see its host alone.',
      }),
      events: Type.Array(oneOf(events), { minItems: 1, description: 'What it is told; all of these when left out.' }),
      signingSecret,
    },
    { required: ['url'] },
  )

/** Who is told of one group. */
export const notify = Type.Array(receiver(groupEventTypes), {
  maxItems: MAX_RECEIVERS,
  description:
    'Who is told what becomes of the group: each event is POSTed once, as Standard Webhooks says, and tried again until a 2xx.',
})

/** Who is told of all groups. */
export const Notifications = Type.Object({
  notify: Type.Array(receiver(eventTypes), {
    maxItems: MAX_RECEIVERS,
    description: 'Who is told what becomes of any group, and of workgroups that are held.',
  }),
})

/** What runs when all else has ended. */
export const finallyTask = orNull(
  named('FinallyTask'),
  'A task that runs once when everything else in the group has ended, also when tasks failed; its input is `{"group": {…}, "input": …}`. null: none.',
)
