import { Type } from 'typebox'
import { MAX_CONCURRENT, MAX_RAMP_STEP_SECONDS, MAX_RATE_COUNT, MAX_RATE_SECONDS } from '../../core/gate-limits.ts'
import { orNull } from './named.ts'

const maxConcurrent = orNull(
  Type.Integer({ minimum: 1, maximum: MAX_CONCURRENT }),
  'How many attempts may be under way at once, over all servers. null is no limit.',
)

const rate = {
  count: Type.Integer({ minimum: 1, maximum: MAX_RATE_COUNT, description: 'So many starts, evenly.' }),
  perSeconds: Type.Number({ minimum: 0.001, maximum: MAX_RATE_SECONDS, description: 'In so many seconds.' }),
  burst: Type.Integer({
    minimum: 1,
    maximum: MAX_RATE_COUNT,
    description: 'So many at once after a rest; left out, what comes due in 20 ms.',
  }),
}

const rampFields = {
  stepSeconds: Type.Number({
    minimum: 0,
    maximum: MAX_RAMP_STEP_SECONDS,
    description: 'How long one step lasts; 0: full speed at once.',
  }),
}

const rampMeaning = 'After a hold it opens with 1 at once and 1 a step, and doubles with each step.'
const rateMeaning = 'How many may start, over all servers. null is no limit.'

/** The limits of a worker, a workgroup or all tasks, in answers. */
export const limits = {
  maxConcurrent,
  rateLimit: orNull(Type.Object(rate), rateMeaning),
  ramp: Type.Object(rampFields, { description: rampMeaning }),
}

/** The same in a change: what is left out stays, null is as if nobody had set it. core/gate-limits checks them. */
export const limitsEdit = {
  maxConcurrent,
  rateLimit: orNull(Type.Object(rate, { required: ['count', 'perSeconds'], additionalProperties: false }), rateMeaning),
  ramp: orNull(
    Type.Object(rampFields, { additionalProperties: false }),
    `${rampMeaning} null is the default, 1 second.`,
  ),
}

/** A change of limits alone: of a workgroup, or of all tasks. */
export const LimitsEdit = Type.Partial(Type.Object(limitsEdit), {
  additionalProperties: false,
  description: 'What is left out stays; null is as if nobody had set it.',
})
