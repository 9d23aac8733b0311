import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CrewError } from '../../server/core/errors.ts'
import { sentenceOf } from '../../server/core/fault.ts'
import { failurePolicies } from '../../server/core/group-settings.ts'
import { isPausedByHand } from '../../server/core/group-stop.ts'
import { deliveryIdOf, Hold, isComplete, isFinished, type Task } from '../../server/core/task.ts'
import {
  deleteGroup,
  getGroup,
  pauseGroup,
  resetGroup,
  resumeGroup,
  retryGroup,
  updateGroup,
} from '../../server/services/groups.ts'
import { deleteTask, resetTask, retryTask, updateTask } from '../../server/services/tasks.ts'
import { answer } from '../support/attempts.ts'
import { type ControllerWorld, openControllerWorld } from '../support/controller-world.ts'
import type { FakeCall } from '../support/fake-workers.ts'
import { settle } from '../support/simulated-timers.ts'

/**
 * Operators edit while workers answer. Every answer carries the delivery that it belongs to, as its output and in the children it
 * makes, so whatever an older run leaves behind shows.
 */
class Race {
  readonly faults: string[] = []
  readonly #world: ControllerWorld
  #lastEdit: Promise<unknown> = Promise.resolve()
  #isGroupPaused = false
  readonly #paused = new Set<string>()
  readonly #deleted = new Set<string>()
  /** A task that had a key may show the output of another. */
  #wasKeyed = false

  constructor(world: ControllerWorld) {
    this.#world = world
  }

  /** A POST begins: must it not? */
  posted({ taskId }: FakeCall): void {
    if (this.#isGroupPaused) this.faults.push(`${taskId} was POSTed after the pause of its group`)
    if (this.#paused.has(taskId)) this.faults.push(`${taskId} was POSTed after its pause`)
    if (this.#deleted.has(taskId)) this.faults.push(`${taskId} was POSTed after its deletion`)
  }

  reply(call: FakeCall, choice: number): void {
    const delivery = call.headers[call.headers.indexOf('idempotency-key') + 1]
    if (choice % 7 === 0) call.reply(answer({ error: 'x', retryAfterSeconds: 0 }))
    else if (choice % 7 === 1) call.reply(answer('', 429, { 'retry-after': '1' }))
    else {
      const makesChild = choice % 7 === 2 && !call.taskId.startsWith('new')
      const children = makesChild ? [{ _child_id: 'c', channel: 'w', metadata: { by: delivery } }] : []
      call.reply(answer({ output: delivery, children }))
    }
  }

  /** One edit after the other, each while answers come in. */
  edit(kind: Edit, task: Task): Promise<void> {
    const done = this.#lastEdit.then(() => this.#run(kind, task)).catch(refused)
    this.#lastEdit = done
    return done
  }

  async #run(kind: Edit, { id: taskId }: Task): Promise<void> {
    const { context } = this.#world
    switch (kind) {
      case 'pauseGroup':
        await pauseGroup(context, 'g')
        this.#isGroupPaused = true
        break
      case 'resumeGroup':
        this.#isGroupPaused = false
        this.#paused.clear()
        await resumeGroup(context, 'g')
        break
      case 'pause':
        await updateTask(context, { taskId }, { isPaused: true })
        this.#paused.add(taskId)
        break
      case 'resume':
        this.#paused.delete(taskId)
        await updateTask(context, { taskId }, { isPaused: false })
        break
      case 'rename':
        await updateTask(context, { taskId }, { name: 'edited' })
        break
      case 'complete':
        await updateTask(context, { taskId }, { isComplete: true, output: BY_HAND })
        break
      case 'key':
        this.#wasKeyed = true
        await updateTask(context, { taskId }, { key: 'k' })
        break
      case 'noKey':
        this.#wasKeyed = true
        await updateTask(context, { taskId }, { key: '' })
        break
      case 'scope': {
        const group = await getGroup(context, 'g')
        await updateGroup(context, 'g', { keyScope: group.keyScope === 'group' ? 'worker' : 'group' })
        break
      }
      case 'reset':
        await resetTask(context, { taskId }, { remainingAttempts: 50, descendants: false })
        break
      case 'resetBelow':
        await resetTask(context, { taskId }, { remainingAttempts: 50, descendants: true })
        break
      case 'resetGroup':
        await resetGroup(context, 'g', { remainingAttempts: 50 })
        break
      case 'retry':
        await retryTask(context, { taskId }, { remainingAttempts: 50 })
        break
      case 'retryGroup':
        await retryGroup(context, 'g', { remainingAttempts: 50 })
        break
      case 'giveUp':
        await updateTask(context, { taskId }, { remainingAttempts: 0 })
        break
      case 'delete':
        await deleteTask(context, { taskId })
        this.#deleted.add(taskId)
    }
  }

  /** What must hold whenever all is quiet. */
  async check(): Promise<void> {
    const tasks = await this.#world.loadAll()
    for (const task of tasks.values()) {
      const { id } = task
      if (this.#paused.has(id) && (task.holds & Hold.paused) === 0) this.faults.push(`the pause of ${id} was undone`)
      if (this.#deleted.has(id)) this.faults.push(`${id} came back`)
      const isOwn = task.output === JSON.stringify(deliveryIdOf(task)) || task.output === BY_HAND
      if (!this.#wasKeyed && task.key === '' && isComplete(task) && !isOwn)
        this.faults.push(`${id} of run ${task.run} shows ${task.output}`)
      const creator = tasks.get(task.createdBy)
      if (creator && (!isComplete(creator) || task.metadata.by !== deliveryIdOf(creator)))
        this.faults.push(`${id} was made by ${task.metadata.by}, and ${creator.id} is at run ${creator.run}`)
      const unfinished = task.parentIds.filter((parent) => !isFinished(tasks.get(parent) as Task))
      if (unfinished.length !== task.unfinishedParents) this.faults.push(`${id} miscounts its parents`)
    }
    const group = await this.#world.storage.getGroup('g')
    if (group && isPausedByHand(group) !== this.#isGroupPaused) this.faults.push('the pause of the group was undone')
    this.faults.push(...(await this.#world.storage.audit()).faults.map(sentenceOf))
  }

  /** Everything that holds is lifted and every answer is a success: all must come to an end. */
  async finish(): Promise<void> {
    const { workers, controller } = this.#world
    await this.edit('resumeGroup', {} as Task)
    await this.edit('retryGroup', {} as Task)
    for (let round = 0; round < 100; round++) {
      for (const call of workers.open) this.reply(call, 3)
      await this.#world.advance(workers.open.length > 0 ? 2 : 1100)
      const group = await this.#world.storage.getGroup('g')
      if (group && Object.entries(group.counts).every(([state, count]) => state === 'succeeded' || count === 0)) break
      if (round === 99) this.faults.push(`stuck: ${JSON.stringify(group?.counts)}`)
    }
    if (controller.inFlight !== 0) this.faults.push(`${controller.inFlight} attempts in flight at the end`)
  }
}

const BY_HAND = '"by hand"'

function refused(error: unknown): void {
  if (!(error instanceof CrewError)) throw error
}

const edits = [
  'pauseGroup',
  'resumeGroup',
  'pause',
  'resume',
  'rename',
  'complete',
  'key',
  'noKey',
  'scope',
  'reset',
  'resetBelow',
  'resetGroup',
  'retry',
  'retryGroup',
  'giveUp',
  'delete',
] as const
type Edit = (typeof edits)[number]

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reply' as const), pick: fc.nat(30), choice: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      edit: fc.constantFrom(...edits),
      pick: fc.nat(30),
      isAwaited: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turns' as const), turns: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1, 2, 1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('check' as const) }) },
)

const GRAPH = [
  { id: 'a' },
  { id: 'b', parentIds: ['a'] },
  { id: 'c', parentIds: ['a'] },
  { id: 'd', parentIds: ['b', 'c'] },
  { id: 'e', key: 'k' },
  { id: 'f', key: 'k', parentIds: ['a'] },
  { id: 'h', parentIds: ['e', 'f'] },
].map((task) => ({ ...task, remainingAttempts: 50, errorDelayInSeconds: 0 }))

/** Fails for good by its first or second failure. */
const FRAIL = GRAPH.map((task, index) => ({ ...task, remainingAttempts: 1 + (index % 2) }))

const anyGroup = fc.record({
  tasks: fc.constantFrom(GRAPH, FRAIL),
  onTaskFailure: fc.constantFrom(...failurePolicies),
})

test('edits win over answers in flight: nothing of an older run appears, no pause is undone, all comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      anyGroup,
      async (steps, { tasks: graph, ...group }) => {
        let race: Race | null = null
        const world = await openControllerWorld({ onPost: (call) => race?.posted(call) })
        race = new Race(world)
        await world.graph(graph, group)
        const waiting: Promise<void>[] = []
        for (const one of steps) {
          const tasks = [...(await world.loadAll()).values()]
          switch (one.kind) {
            case 'reply': {
              const call = world.workers.open[one.pick % Math.max(1, world.workers.open.length)]
              if (call) race.reply(call, one.choice)
              break
            }
            case 'edit': {
              const task = tasks[one.pick % Math.max(1, tasks.length)]
              if (!task) break
              const done = race.edit(one.edit, task)
              waiting.push(done)
              if (one.isAwaited) await done
              break
            }
            case 'turns':
              for (let turn = 0; turn < one.turns; turn++) await new Promise((resolve) => setImmediate(resolve))
              break
            case 'time':
              await world.advance(one.ms)
              break
            case 'check':
              await Promise.all(waiting)
              await world.advance(5)
              await race.check()
          }
        }
        await Promise.all(waiting)
        await world.advance(5)
        await race.check()
        await race.finish()
        await settle()
        await race.check()
        expect(race.faults).toEqual([])
        await world.controller.drain(0)
      },
    ),
    { numRuns: 300 },
  )
}, 120_000)

test('a group that is deleted while its tasks run leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(4), fc.nat(4), async (before, after) => {
      const world = await openControllerWorld()
      await world.graph(GRAPH)
      await world.advance()
      const [call] = world.workers.open
      for (let turn = 0; turn < before; turn++) await new Promise((resolve) => setImmediate(resolve))
      const deleted = deleteGroup(world.context, 'g')
      for (let turn = 0; turn < after; turn++) await new Promise((resolve) => setImmediate(resolve))
      call?.reply(answer({ output: 1, children: [{ worker: 'w' }], workgroup: 'ads', workgroupDelayInSeconds: 0 }))
      await deleted
      await world.advance(2000)
      expect(await world.storage.getGroup('g')).toBe(null)
      expect((await world.loadAll()).size).toBe(0)
      const drained = world.controller.drain(0)
      await world.advance(10)
      await drained
    }),
    { numRuns: 25 },
  )
})
