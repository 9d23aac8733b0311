// Google Cloud Functions: `functions.http('thumbnail', thumbnail)` with @google-cloud/functions-framework.
import { defineWorker, nonRetryable } from 'crew-sdk'
import { toCloudFunction } from 'crew-sdk/cloud-functions'

const worker = defineWorker<{ width: number }, { height: number }>(
  ({ input }) => {
    if (!(input.width > 0)) throw nonRetryable('the width is not above 0')
    return { height: Math.round((input.width * 9) / 16) }
  },
  { secret: process.env.CREW_SIGNING_SECRET },
)

export const thumbnail = toCloudFunction(worker)
