import type { Report } from './accepted.ts'

/** What Crew takes of a heartbeat; it refuses more. */
const MAX_MESSAGE_LENGTH = 1000
const MAX_LINES = 100
const MAX_LINE_LENGTH = 2000

/** What fits of a report: that it says too much must not cost the work. Of the lines the last, as Crew keeps the newest. */
export function fittingReport({ progress, message, logs }: Report): Report {
  return {
    ...(progress !== undefined && !Number.isNaN(progress) && { progress: Math.min(1, Math.max(0, progress)) }),
    ...(message !== undefined && { message: message.slice(0, MAX_MESSAGE_LENGTH) }),
    ...(logs && { logs: logs.slice(-MAX_LINES).map((line) => line.slice(0, MAX_LINE_LENGTH)) }),
  }
}
