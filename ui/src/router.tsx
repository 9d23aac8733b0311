import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { basePath } from './api/config.ts'
import {
  readActivitySearch,
  readErrorSearch,
  readGroupSearch,
  readPageSearch,
  readTaskSearch,
} from './lib/list-search.ts'
import { nextPath } from './lib/next-path.ts'
import { GroupsPage } from './pages/groups-page.tsx'
import { LoginPage } from './pages/login-page.tsx'
import { NotFoundPage } from './pages/not-found-page.tsx'
import { Layout } from './shell/layout.tsx'

const root = createRootRoute({ component: Outlet })

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } =>
    next === undefined ? {} : { next: nextPath(next) },
  component: LoginPage,
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Layout,
  notFoundComponent: NotFoundPage,
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/groups', replace: true })
  },
})

const groups = createRoute({
  getParentRoute: () => shell,
  path: '/groups',
  validateSearch: readGroupSearch,
  component: GroupsPage,
})

const group = createRoute({
  getParentRoute: () => shell,
  path: '/groups/$gid',
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import('./pages/group-page.tsx'), 'GroupPage'),
})

const task = createRoute({
  getParentRoute: () => shell,
  path: '/groups/$gid/tasks/$tid',
  component: lazyRouteComponent(() => import('./pages/task-page.tsx'), 'TaskPage'),
})

/** An id that somebody copied from a log, without its group. */
const anyTask = createRoute({
  getParentRoute: () => shell,
  path: '/tasks/$tid',
  component: lazyRouteComponent(() => import('./pages/any-task-page.tsx'), 'AnyTaskPage'),
})

const workers = createRoute({
  getParentRoute: () => shell,
  path: '/workers',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/workers-page.tsx'), 'WorkersPage'),
})

/** The name of a worker, or of a rule, is a path of its own: its slashes are escaped. */
const worker = createRoute({
  getParentRoute: () => shell,
  path: '/workers/$name',
  component: lazyRouteComponent(() => import('./pages/worker-page.tsx'), 'WorkerPage'),
})

const workgroups = createRoute({
  getParentRoute: () => shell,
  path: '/workgroups',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/workgroups-page.tsx'), 'WorkgroupsPage'),
})

const workgroup = createRoute({
  getParentRoute: () => shell,
  path: '/workgroups/$name',
  component: lazyRouteComponent(() => import('./pages/workgroup-page.tsx'), 'WorkgroupPage'),
})

const schedules = createRoute({
  getParentRoute: () => shell,
  path: '/schedules',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/schedules-page.tsx'), 'SchedulesPage'),
})

const schedule = createRoute({
  getParentRoute: () => shell,
  path: '/schedules/$id',
  component: lazyRouteComponent(() => import('./pages/schedule-page.tsx'), 'SchedulePage'),
})

const groupErrors = createRoute({
  getParentRoute: () => shell,
  path: '/groups/$gid/errors',
  component: lazyRouteComponent(() => import('./pages/group-errors-page.tsx'), 'GroupErrorsPage'),
})

const groupTimeline = createRoute({
  getParentRoute: () => shell,
  path: '/groups/$gid/timeline',
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import('./pages/group-timeline-page.tsx'), 'GroupTimelinePage'),
})

const errors = createRoute({
  getParentRoute: () => shell,
  path: '/errors',
  validateSearch: readErrorSearch,
  component: lazyRouteComponent(() => import('./pages/errors-page.tsx'), 'ErrorsPage'),
})

const error = createRoute({
  getParentRoute: () => shell,
  path: '/errors/$fingerprint',
  validateSearch: readErrorSearch,
  component: lazyRouteComponent(() => import('./pages/error-page.tsx'), 'ErrorPage'),
})

const bulk = createRoute({
  getParentRoute: () => shell,
  path: '/bulk',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/bulk-list-page.tsx'), 'BulkListPage'),
})

const bulkOperation = createRoute({
  getParentRoute: () => shell,
  path: '/bulk/$id',
  component: lazyRouteComponent(() => import('./pages/bulk-page.tsx'), 'BulkPage'),
})

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings-page.tsx'), 'SettingsPage'),
})

const users = createRoute({
  getParentRoute: () => shell,
  path: '/settings/users',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/users-page.tsx'), 'UsersPage'),
})

const tokens = createRoute({
  getParentRoute: () => shell,
  path: '/settings/tokens',
  validateSearch: readPageSearch,
  component: lazyRouteComponent(() => import('./pages/tokens-page.tsx'), 'TokensPage'),
})

const activity = createRoute({
  getParentRoute: () => shell,
  path: '/activity',
  validateSearch: readActivitySearch,
  component: lazyRouteComponent(() => import('./pages/activity-page.tsx'), 'ActivityPage'),
})

const nowhere = createRoute({ getParentRoute: () => shell, path: '$', component: NotFoundPage })

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    shell.addChildren([
      home,
      groups,
      group,
      task,
      anyTask,
      workers,
      worker,
      workgroups,
      workgroup,
      schedules,
      schedule,
      groupErrors,
      groupTimeline,
      errors,
      error,
      bulk,
      bulkOperation,
      settings,
      users,
      tokens,
      activity,
      nowhere,
    ]),
  ]),
  basepath: basePath,
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
