import type { GraphInput, GroupInput, Operations, Success, Task, TaskGroup, TaskInput, Why } from '../api-types.ts'
import { type CallOptions, type ClientOptions, type Connection, connect } from './connection.ts'
import { type AnyInput, type Input, messageFor, type Output } from './message-for.ts'
import { type WaitOptions, waitForGroup } from './wait-for-group.ts'

/**
 * Asks a Crew server. Every refusal is thrown as a CrewProblem; what reads, or has an idempotency key, is sent again when the
 * network or the server is away for a moment.
 *
 * @example
 * const crew = new CrewClient({ url: 'http://127.0.0.1:8090', token: process.env.CREW_AUTH_TOKEN })
 * const group = await crew.createGraph({ name: 'nightly', tasks: [{ id: 'fetch', worker: 'fetch' }, { worker: 'merge', parentIds: ['fetch'] }] })
 * const { state } = await crew.waitForGroup(group.id)
 */
export class CrewClient {
  /** For addresses that are no operation. */
  readonly connection: Connection

  /** Throws when `url` is no address. */
  constructor(options: ClientOptions) {
    this.connection = connect(options)
  }

  /** Creates a group with all its tasks, in any order: all of them or none. */
  createGraph(graph: GraphInput, options?: CallOptions): Promise<TaskGroup> {
    return this.request('createTaskGraph', { body: graph }, options)
  }

  /** Creates an empty group. */
  createGroup(group: GroupInput = {}, options?: CallOptions): Promise<TaskGroup> {
    return this.request('createTaskGroup', { body: group }, options)
  }

  addTask(groupId: string, task: TaskInput, options?: CallOptions): Promise<Task> {
    return this.request('createTask', { params: { id: groupId }, body: task }, options)
  }

  /** Adds up to 10,000 tasks: all of them or none. */
  addTasks(groupId: string, tasks: readonly TaskInput[], options?: CallOptions): Promise<Output<'createTasks'>> {
    return this.request('createTasks', { params: { id: groupId }, body: { tasks } }, options)
  }

  getGroup(id: string, options?: CallOptions): Promise<TaskGroup> {
    return this.request('getTaskGroup', { params: { id } }, options)
  }

  getTask(id: string, options?: CallOptions): Promise<Task> {
    return this.request('getTask', { params: { tid: id } }, options)
  }

  /** A page of a group's tasks, the oldest first; 20 of them when `pageSize` is left out. */
  listTasks(
    groupId: string,
    query: Input<'listTasks'>['query'] = {},
    options?: CallOptions,
  ): Promise<Output<'listTasks'>> {
    return this.request('listTasks', { params: { id: groupId }, query }, options)
  }

  /** Why a task is not running, until when, and how many are ahead of it. */
  why(taskId: string, options?: CallOptions): Promise<Why> {
    return this.request('explainTask', { params: { tid: taskId } }, options)
  }

  /**
   * Waits until the group has succeeded or failed, and answers it; one that is empty at once, one that is paused is waited for. Throws an error named
   * `TimeoutError` when that takes longer than `timeoutSeconds`.
   */
  waitForGroup(id: string, options: WaitOptions = {}): Promise<TaskGroup> {
    return waitForGroup((signal) => this.getGroup(id, { signal }), this.connection.host, options)
  }

  /** Nothing of the group starts any more; what runs finishes. */
  pause(groupId: string, options?: CallOptions): Promise<Success> {
    return this.request('pauseTaskGroup', { params: { id: groupId } }, options)
  }

  resume(groupId: string, body: Input<'resumeTaskGroup'>['body'] = {}, options?: CallOptions): Promise<Success> {
    return this.request('resumeTaskGroup', { params: { id: groupId }, body }, options)
  }

  /** Sets the attempts of every incomplete task, and makes the failed ones due now. */
  retry(groupId: string, body: Input<'retryTaskGroup'>['body'] = {}, options?: CallOptions): Promise<Success> {
    return this.request('retryTaskGroup', { params: { id: groupId }, body }, options)
  }

  /** Makes the group look as if it never ran; with any seed in it, what is no seed is deleted. */
  reset(groupId: string, body: Input<'resetTaskGroup'>['body'] = {}, options?: CallOptions): Promise<Success> {
    return this.request('resetTaskGroup', { params: { id: groupId }, body }, options)
  }

  deleteGroup(id: string, options?: CallOptions): Promise<Output<'deleteTaskGroup'>> {
    return this.request('deleteTaskGroup', { params: { id } }, options)
  }

  /**
   * Any operation of the API by its `operationId`, typed as the OpenAPI document has it.
   *
   * @example
   * await crew.request('pauseWorkgroup', { params: { name: 'shop-api' }, body: { seconds: 600, reason: 'maintenance' } })
   */
  async request<Name extends keyof Operations>(
    name: Name,
    input: Input<Name>,
    options: CallOptions = {},
  ): Promise<Output<Name>> {
    return JSON.parse(await this.requestText(name, input, options)) as Output<Name>
  }

  /** The same, but the answer as it was sent: numbers beyond 2^53 are in there. */
  requestText<Name extends keyof Operations>(name: Name, input: Input<Name>, options?: CallOptions): Promise<string> {
    return this.connection.send(messageFor(name, input as AnyInput), options)
  }
}
