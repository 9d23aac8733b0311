import { Type } from 'typebox'
import { groupStates } from '../../core/task-group.ts'
import { time } from './fields.ts'
import { oneOf, orNull } from './named.ts'

const groups = (description: string) => Type.Integer({ minimum: 0, description })

/** How everything is. */
export const Overview = Type.Object({
  groups: Type.Object({
    ...Object.fromEntries(groupStates.map((state) => [state, groups('Task groups in this state.')])),
    failing: groups('Task groups that hold failed tasks, whatever their state.'),
  }),
  heldWorkgroups: Type.Integer({ minimum: 0 }),
  runningTasks: Type.Integer({ minimum: 0, description: 'Attempts under way.' }),
  attemptsPerMinute: Type.Number({ minimum: 0, description: 'Over the last five minutes.' }),
})

/** What a server and its storage are. */
export const System = Type.Object({
  version: Type.String(),
  startedAt: time('When this server started.'),
  now: time('Its clock.'),
  storage: Type.Object({
    engine: oneOf(['sqlite', 'redis']),
    durability: oneOf(
      ['none', 'process', 'power'],
      'What it survives: nothing, the end of the process, a loss of power.',
    ),
    detail: Type.String({ description: 'For people.' }),
    bytes: orNull(Type.Integer({ minimum: 0 }), 'What the storage takes; null when it cannot tell.'),
    usedBytes: orNull(
      Type.Integer({ minimum: 0 }),
      'Of it what is in use: a file keeps what was deleted for what comes.',
    ),
    freeBytes: orNull(Type.Integer({ minimum: 0 }), 'How much more fits; null when nobody knows.'),
    bytesPerTask: orNull(Type.Number({ minimum: 0 }), 'On average; null until it was measured.'),
    bytesPerDay: orNull(
      Type.Number(),
      'How fast it grows, over a week at most; null until it was watched for an hour.',
    ),
    daysUntilFull: orNull(
      Type.Number({ minimum: 0 }),
      'At that rate; null when it does not grow, or nobody knows how much fits.',
    ),
  }),
  retention: Type.Object({
    finishedGroupDays: orNull(Type.Number(), 'After so many days finished task groups are deleted; null is never.'),
    failedGroupDays: orNull(Type.Number(), 'The same for those that ended with failures.'),
    aboveBytes: orNull(Type.Number(), 'While more is in use the oldest of both go before that; null: they do not.'),
  }),
  auth: oneOf(
    ['on', 'off', 'application'],
    'Whether a login is needed; `application`: the one that Crew runs in knows who asks.',
  ),
})

/** What a cleaning did, or would do. */
export const Cleaning = Type.Object({
  dryRun: Type.Boolean(),
  groups: Type.Integer({ minimum: 0 }),
  failedGroups: Type.Integer({ minimum: 0, description: 'Those of them that ended with failures.' }),
  tasks: Type.Integer({ minimum: 0 }),
  bytes: orNull(
    Type.Number({ minimum: 0 }),
    'About so many are free for other tasks then, by the size of a task on average; null when nobody knows.',
  ),
  hasMore: Type.Boolean({ description: 'There are more than one call deletes: call again.' }),
})
