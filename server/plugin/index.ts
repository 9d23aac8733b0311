// What the package `crew` gives to an application: the build writes it as `dist/plugin/index.js`.
import './check-runtime.ts'

export type { TaskStorage } from '../../storage/task-storage.ts'
export type { Role } from '../core/roles.ts'
export type { Authenticate, Person } from './authenticate.ts'
export { crewPlugin, openStorage } from './crew-plugin.ts'
export type { CrewPluginOptions } from './options.ts'
