// AWS Lambda behind a function URL: `handler` is its entry.
import { defineWorker } from 'crew-sdk'
import { toLambdaHandler } from 'crew-sdk/lambda'

const worker = defineWorker<{ text: string }, { words: number }>(
  ({ input }) => ({ words: input.text.split(/\s+/).filter(Boolean).length }),
  { secret: process.env.CREW_SIGNING_SECRET },
)

export const handler = toLambdaHandler(worker)
