import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { workerCurl } from '../../../ui/src/lib/worker-curl.ts'

const body = `{"input":{"id":9007199254740993,"say":"it's $HOME"}}`

test('the call of a worker is a command line that sends the same bytes', () => {
  const text = workerCurl({ url: "http://127.0.0.1:1/it's", headers: { 'crew-task-id': 't', traceparent: '00' }, body })
  const given = execFileSync('sh', ['-c', text.replace(/^curl/, 'printf "%s\\n"')], { encoding: 'utf8' })
  expect(given.trimEnd().split('\n')).toEqual([
    '-s',
    '-X',
    'POST',
    "http://127.0.0.1:1/it's",
    '-H',
    'crew-task-id: t',
    '--data-binary',
    body,
  ])
})

test('a signature is not in it, only that there will be one', () => {
  const headers = { 'webhook-id': 't_1', 'webhook-signature': '(signed when sent)' }
  expect(workerCurl({ url: 'https://e.com/', headers, body: '{}' })).toContain(
    "-H 'webhook-signature: (signed when sent)'",
  )
})

test('secrets are variables of whoever runs it', () => {
  const headers = { authorization: '***', 'x-key': 'Bearer secret:SHOP_KEY', 'x-plain': 'secret:SHOP' }
  const text = workerCurl({ url: null, headers, body: '{}' })
  expect(text).toContain('-H "authorization: $CREW_WORKER_AUTHORIZATION_HEADER"')
  expect(text).toContain('-H "x-key: Bearer $CREW_SECRET_SHOP_KEY"')
  expect(text).toContain('-H "x-plain: $CREW_SECRET_SHOP"')
  expect(text).toContain("'https://your-worker.example.com/'")
})
