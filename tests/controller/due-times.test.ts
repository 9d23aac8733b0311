import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueTimes } from '../../server/controller/due-times.ts'

const id = fc.integer({ min: 0, max: 12 }).map((n) => `s${n}`)
const time = fc.integer({ min: 0, max: 50 })
const command = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), id, at: time }),
  fc.record({ kind: fc.constant('bring' as const), id, at: time }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.record({ kind: fc.constant('take' as const), at: time, limit: fc.integer({ min: 1, max: 5 }) }),
)

test('what is due is what a plain list of times says, whatever was set, brought forward, dropped and taken before', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const due = new DueTimes()
      const plain = new Map<string, number>()
      for (const one of commands) {
        if (one.kind === 'set') {
          due.set(one.id, one.at)
          plain.set(one.id, one.at)
        } else if (one.kind === 'bring') {
          const isSooner = one.at < (plain.get(one.id) ?? Number.POSITIVE_INFINITY)
          expect(due.bring(one.id, one.at)).toBe(isSooner)
          if (isSooner) plain.set(one.id, one.at)
        } else if (one.kind === 'delete') {
          due.delete(one.id)
          plain.delete(one.id)
        } else {
          const taken = due.take(one.at, one.limit)
          const expected = [...plain.values()].filter((at) => at <= one.at).sort((a, b) => a - b)
          expect(taken.map((name) => plain.get(name))).toEqual(expected.slice(0, one.limit))
          for (const name of taken) plain.delete(name)
        }
        expect(due.nextAt).toBe(plain.size === 0 ? null : Math.min(...plain.values()))
      }
    }),
  )
})
