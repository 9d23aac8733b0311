import { expect } from 'vitest'
import type { Creation } from '../../../server/selftest/work.ts'
import type { Aftermath } from '../../e2e/redis/storm.ts'

export const isFull = ({ outcome, answer }: Creation): boolean =>
  outcome === 'refused' && answer.includes('"storage_full"')

/** What a full storage refused has no effect at all; answers the aftermath without it, and how much it was. */
export function withoutRefused(aftermath: Aftermath): { readonly aftermath: Aftermath; readonly refused: number } {
  const { history } = aftermath
  const refused = history.creations.filter(isFull)
  const written = refused.flatMap(({ tasks }) => tasks).filter(({ id }) => history.tasks.has(id))
  expect(written.map(({ id }) => id)).toEqual([])
  const creations = history.creations.filter((creation) => !isFull(creation))
  return { aftermath: { ...aftermath, history: { ...history, creations } }, refused: refused.length }
}
