import type { PageQuery, WorkgroupRow } from '../../storage/task-storage.ts'
import { CrewError } from '../core/errors.ts'
import type { ServiceContext } from './service-context.ts'

export async function listWorkgroups(
  context: ServiceContext,
  page: PageQuery,
): Promise<{ workgroups: WorkgroupRow[]; count: number }> {
  return context.storage.listWorkgroups(page)
}

export async function getWorkgroup(context: ServiceContext, name: string): Promise<WorkgroupRow> {
  const { workgroups } = await context.storage.listWorkgroups({ page: 1, pageSize: 1, name })
  if (workgroups[0]) return workgroups[0]
  throw new CrewError('workgroup_not_found', `No task and no hold names a workgroup "${name}".`)
}

/** One write however many tasks wait; it covers those created later, and only ever raises (WIRE 4.3). */
export async function holdWorkgroup(
  context: ServiceContext,
  name: string,
  hold: { until: number; reason: string },
): Promise<WorkgroupRow> {
  await context.storage.commit([
    {
      guards: [],
      changes: [{ kind: 'holdWork', hold: { scope: 'workgroup', name, ...hold } }],
      events: [{ type: 'workgroup.held', workgroup: name }],
    },
  ])
  return getWorkgroup(context, name)
}

/** Ends a hold now. A workgroup that nobody names any more is answered as free. */
export async function resumeWorkgroup(context: ServiceContext, name: string): Promise<WorkgroupRow> {
  await context.storage.commit([
    {
      guards: [],
      changes: [{ kind: 'releaseWork', scope: 'workgroup', name }],
      events: [{ type: 'workgroup.resumed', workgroup: name }],
    },
  ])
  const { workgroups } = await context.storage.listWorkgroups({ page: 1, pageSize: 1, name })
  return workgroups[0] ?? { name, heldUntil: 0, reason: '', waiting: 0, running: 0 }
}
