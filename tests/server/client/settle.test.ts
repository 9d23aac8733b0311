import { expect, test } from 'vitest'
import { crew, problem, type Reply } from './make-world.ts'

/** A group that goes through these states, one at each question; `events` is what the stream of events answers. */
function group(states: readonly string[], events: readonly [number, string] = [404, '']): Reply {
  let asked = 0
  return ({ path, method }) => {
    if (path.startsWith('/api/v1/events')) return events
    if (method !== 'GET') return [200, '{"success":true}']
    const state = states[Math.min(asked++, states.length - 1)]
    const isDone = state === 'succeeded'
    const counts = {
      blocked: 0,
      running: isDone ? 0 : 1,
      succeeded: isDone ? 1 : 0,
      failed: state === 'failed' ? 1 : 0,
    }
    return [200, JSON.stringify({ id: 'g', name: '', state, counts, completedPercent: isDone ? 1 : 0.5 })]
  }
}

const watch = (states: readonly string[], ...flags: string[]) =>
  crew(['group', 'watch', 'g', '-o', 'id', ...flags], { reply: group(states) })

test.each([
  ['succeeded', 0],
  ['empty', 0],
  ['failed', 1],
])('a watch ends when the group is %s, with %d', async (state, exit) => {
  expect(await watch(['active', 'paused', 'active', state])).toMatchObject({ code: exit, stdout: 'g\n' })
})

test('a log gets lines, a terminal a bar that moves along', async () => {
  const { stderr } = await watch(['active', 'succeeded'])
  expect(stderr).toBe('g  ██████████░░░░░░░░░░  50 %  1 running\ng  ████████████████████ 100 %  1 succeeded\n')
  const onTerminal = await crew(['group', 'watch', 'g'], { reply: group(['active', 'succeeded']), isTty: true })
  expect(onTerminal.stderr).toContain('\x1b[1A\x1b[2K')
})

test('who waited too long is told so, with 6', async () => {
  const { code, stderr, stdout } = await watch(['active'], '--timeout', '3')
  expect({ code, stdout }).toEqual({ code: 6, stdout: 'g\n' })
  expect(stderr).toContain('crew: Group g is still active: --timeout is over. See crew group why g.\n')
})

test('where events end at once, questions go on alone', async () => {
  const reply = group(['active', 'active', 'succeeded'], [200, 'id: 1\n\ndata: {"type":"group.updated"}\n\n'])
  expect(await crew(['group', 'watch', 'g'], { reply })).toMatchObject({ code: 0 })
})

test('a server that is away for a moment ends no wait', async () => {
  const ok = group(['active', 'succeeded'])
  let asked = 0
  const reply: Reply = (call) => (asked++ === 2 ? null : call.path.includes('events') ? [404, ''] : ok(call))
  expect(await crew(['group', 'watch', 'g'], { reply })).toMatchObject({ code: 0 })
})

test('a group that is not there is 3', async () => {
  expect(await crew(['group', 'watch', 'g'], { reply: () => problem(404, 'group_not_found') })).toMatchObject({
    code: 3,
  })
})

test('what changes a group waits for it, and shows how it ended', async () => {
  const reply = group(['active', 'failed'])
  const { code, stdout, calls } = await crew(['group', 'retry', 'g', '--wait'], { reply })
  expect(calls[0]).toMatchObject({ method: 'POST', path: '/api/v1/task_group/g/retry' })
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^ID .*\ng +failed/) })
})

test('of several groups each is waited for, and one that failed is 7', async () => {
  const reply: Reply = (call) => (call.path.includes('bad') ? group(['failed'])(call) : group(['succeeded'])(call))
  expect(await crew(['group', 'retry', 'good', 'bad', '--wait'], { reply })).toMatchObject({ code: 7 })
})
