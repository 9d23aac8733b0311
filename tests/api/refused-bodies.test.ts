import { describe } from 'vitest'
import { batch, graph, tasks, testRefusals } from './refusal.ts'

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const manyMembers = `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join()}}`
const task = { worker: 'w' }
const child = '/api/v1/task/child'
const typed = (type: string) => ({ raw: '{"worker":"w"}', headers: { 'content-type': type } })

describe('a body that cannot be read is refused and changes nothing', () => {
  testRefusals([
    ['malformed JSON', `POST ${tasks}`, { raw: '{"worker": "w",}' }, '400 invalid_json'],
    ['JSON that ends early', `POST ${tasks}`, { raw: '{"worker": "w"' }, '400 invalid_json'],
    ['a word that is no JSON', `PUT ${child}`, { raw: 'undefined' }, '400 invalid_json'],
    ['JSON with something behind', 'POST /api/v1/task_groups', { raw: '{} {}' }, '400 invalid_json'],
    ['malformed JSON in an input', `POST ${tasks}`, { raw: '{"worker":"w","input":{"a":01}}' }, '400 invalid_json'],
    ['bad UTF-8', `POST ${tasks}`, { raw: new Uint8Array([0x22, 0xff, 0xfe, 0x22]) }, '400 invalid_json'],
    [
      'a surrogate in UTF-8',
      `POST ${tasks}`,
      { raw: new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]) },
      '400 invalid_json',
    ],
    ['JSON a hundred thousand levels deep', `POST ${tasks}`, { raw: deep }, '400 json_too_deep'],
    ['an input that is as deep', `POST ${tasks}`, { raw: `{"worker":"w","input":${deep}}` }, '400 json_too_deep'],
    ['a body over the limit', `POST ${tasks}`, { raw: `"${'x'.repeat(2 * 1024 * 1024)}"` }, '413 body_too_large'],
    ['half a million values', `POST ${batch}`, { raw: `{"tasks":[${'1,'.repeat(500_000)}1]}` }, '413 body_too_large'],
    ['a hundred thousand members', 'PUT /api/v1/traffic', { raw: manyMembers }, '413 body_too_large'],
    [
      'a template of half a million values',
      'PUT /api/v1/schedule/s',
      { raw: `{"cron":"0 3 * * *","template":{"tasks":[${'1,'.repeat(500_000)}1]}}` },
      '413 body_too_large',
    ],
    [
      'a login of 100 KB',
      'POST /login',
      { body: { username: 'u', password: 'x'.repeat(100_000) } },
      '413 body_too_large',
    ],
    ['a name of 200 KB', 'PUT /api/v1/traffic', { raw: `{"${'n'.repeat(200_000)}":1}` }, '422 invalid_request'],
    ['a text body', `POST ${tasks}`, typed('text/plain'), '415 unsupported_media_type'],
    ['a form', `POST ${tasks}`, typed('application/x-www-form-urlencoded'), '415 unsupported_media_type'],
    ['a body of no type', `POST ${tasks}`, typed(''), '415 unsupported_media_type'],
    [
      'a packed body',
      `POST ${tasks}`,
      { body: task, headers: { 'content-encoding': 'gzip' } },
      '415 unsupported_media_type',
    ],
  ])
})

describe('a body that says nothing possible is refused and changes nothing', () => {
  const half = { body: { remainingAttempts: 1.5 } }
  const bad = { tasks: [task, { ...task, priority: 'x' }] }
  testRefusals([
    ['an array instead of an object', `POST ${tasks}`, { body: [task] }, '422 invalid_request', ''],
    ['a text instead of an object', 'PUT /api/v1/task_group/g', { body: 'x' }, '422 invalid_request', ''],
    ['a number instead of an object', 'POST /api/v1/task_group/g/reset', { body: 5 }, '422 invalid_request', ''],
    ['a batch without tasks', `POST ${batch}`, { body: {} }, '422 invalid_request', '/tasks'],
    ['a batch that is no array', `POST ${batch}`, { body: { tasks: { 0: task } } }, '422 invalid_request', '/tasks'],
    ['a graph without tasks', `POST ${graph}`, { body: { name: 'x' } }, '422 invalid_request', '/tasks'],
    [
      'more than ten thousand',
      `POST ${batch}`,
      { body: { tasks: Array(10_001).fill(task) } },
      '422 invalid_request',
      '/tasks',
    ],
    ['a task that is no object', `POST ${batch}`, { body: { tasks: [task, 'x'] } }, '422 invalid_request', '/tasks/1'],
    ['one bad field in a batch', `POST ${batch}`, { body: bad }, '422 invalid_request', '/tasks/1/priority'],
    [
      'one bad field in a graph',
      `POST ${graph}`,
      { body: { id: 'new', ...bad } },
      '422 invalid_request',
      '/tasks/1/priority',
    ],
    [
      'negative attempts',
      'POST /api/v1/task_group/g/retry',
      { body: { remainingAttempts: -1 } },
      '422 invalid_request',
    ],
    [
      'attempts as a text',
      'POST /api/v1/task_group/g/reset',
      { body: { remainingAttempts: '5' } },
      '422 invalid_request',
    ],
    ['a limit that nobody knows', 'PUT /api/v1/traffic', { body: { limit: 1 } }, '422 invalid_request', '/limit'],
    [
      'a rate without a time',
      'PUT /api/v1/workgroup/x',
      { body: { rateLimit: { count: 1 } } },
      '422 invalid_request',
      '/rateLimit/perSeconds',
    ],
    [
      'a negative spread',
      'POST /api/v1/task_group/g/resume',
      { body: { spreadSeconds: -1 } },
      '422 invalid_request',
      '/spreadSeconds',
    ],
    ['half an attempt', `POST ${child}/retry`, half, '422 invalid_request', '/remainingAttempts'],
    [
      'attempts beyond all numbers',
      `POST ${child}/reset`,
      { raw: '{"remainingAttempts":1e400}' },
      '422 invalid_request',
    ],
    [
      'descendants as a number',
      `POST ${child}/reset`,
      { body: { descendants: 1 } },
      '422 invalid_request',
      '/descendants',
    ],
  ])
})

describe('a graph that cannot be is refused and changes nothing', () => {
  const ring = [
    { ...task, id: 'x', parentIds: ['y'] },
    { ...task, id: 'y', parentIds: ['x'] },
  ]
  const twice = [
    { ...task, id: 'x' },
    { ...task, id: 'x' },
  ]
  const orphan = { ...task, parentIds: ['none'] }
  testRefusals([
    ['the taken id of a group', 'POST /api/v1/task_groups', { body: { id: 'g', name: 'G' } }, '409 duplicate_id'],
    ['the taken id of a task', `POST ${tasks}`, { body: { ...task, id: 'child' } }, '409 duplicate_id'],
    ['the taken id of a task elsewhere', `POST ${tasks}`, { body: { ...task, id: 'stranger' } }, '409 duplicate_id'],
    [
      'a taken id in a batch',
      `POST ${batch}`,
      { body: { tasks: [task, { ...task, id: 'child' }] } },
      '409 duplicate_id',
      '/tasks/1/id',
    ],
    ['an id twice in a batch', `POST ${batch}`, { body: { tasks: twice } }, '409 duplicate_id'],
    ['an unknown parent', `POST ${tasks}`, { body: orphan }, '422 unknown_parent', '/parentIds/0'],
    [
      'a parent in another group',
      `POST ${tasks}`,
      { body: { ...task, parentIds: ['stranger'] } },
      '422 unknown_parent',
    ],
    [
      'an unknown parent in a graph',
      `POST ${graph}`,
      { body: { tasks: [orphan] } },
      '422 unknown_parent',
      '/tasks/0/parentIds/0',
    ],
    ['a cycle', `POST ${batch}`, { body: { tasks: ring } }, '422 cycle'],
    ['a cycle in a graph', `POST ${graph}`, { body: { id: 'new', tasks: ring } }, '422 cycle'],
    ['a task that is its own parent', `POST ${tasks}`, { body: { ...task, id: 'x', parentIds: ['x'] } }, '422 cycle'],
  ])
})
