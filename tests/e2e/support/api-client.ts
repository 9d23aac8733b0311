export {
  type Api,
  type ApiAnswer,
  type AttemptJson,
  listTasks,
  makeApi,
  readAttempts,
  readTask,
  type TaskJson,
} from '../../../server/selftest/api-client.ts'
