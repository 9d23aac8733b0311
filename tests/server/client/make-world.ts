import type { ClientWorld } from '../../../server/cli/client/client-world.ts'
import { nounCommands } from '../../../server/cli/client/noun-commands.ts'
import { isGroup, type PlainCommand } from '../../../server/cli/command.ts'
import { runProgram } from '../../../server/cli/program.ts'

/** A call that the server was made. */
export interface Called {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly body: string | undefined
  readonly token: string | null
  readonly key: string | null
}

/** What the server answers: a status and a body, or null when nobody is there. */
export type Reply = (call: Called) => readonly [status: number, body: string] | null

export interface WorldOptions {
  readonly reply?: Reply
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly isTty?: boolean
  /** What the person answers. */
  readonly answer?: string
}

const TOKEN = 'token-of-the-test'

/** The command line on a server that is made up; time passes only while something sleeps. */
export async function crew(line: readonly string[], options: WorldOptions = {}) {
  const calls: Called[] = []
  const said = { stdout: '', stderr: '' }
  const { isTty = false } = options
  let now = 0
  const write = (text: string): void => {
    said.stdout += text
  }
  const world: ClientWorld = {
    env: { CREW_TOKEN: TOKEN, ...options.env },
    readFile: (path) => options.files?.[path] ?? null,
    readStdin: async () => options.stdin ?? '',
    isTty: { stdin: isTty, stdout: isTty, stderr: isTty },
    write,
    tell: (text) => {
      said.stderr += `${text}\n`
    },
    ask: async () => options.answer ?? '',
    now: () => now,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      now += ms
    },
    fetch: fakeFetch(calls, options.reply ?? (() => [200, '{}'])),
  }
  let code = -1
  await runProgram(
    {
      entries: nounCommands(() => world),
      version: '1',
      write,
      run: async (command, args) => {
        code = await (command as PlainCommand).run({ ...args, out: write })
      },
    },
    line,
  )
  return { code, calls, ...said }
}

function fakeFetch(calls: Called[], reply: Reply): ClientWorld['fetch'] {
  return async (url, init) => {
    const { pathname, search } = new URL(url)
    const call: Called = {
      method: init.method ?? 'GET',
      path: decodeURIComponent(`${pathname}${search}`),
      body: typeof init.body === 'string' ? init.body : undefined,
      token: new Headers(init.headers).get('authorization'),
      key: new Headers(init.headers).get('idempotency-key'),
    }
    calls.push(call)
    const answer = reply(call)
    if (answer === null) throw new TypeError('connection refused')
    return new Response(answer[1], { status: answer[0] })
  }
}

/** All the verbs, with the nouns that they belong to. */
export const allVerbs = (): readonly { readonly noun: string; readonly verb: PlainCommand }[] =>
  nounCommands().flatMap((entry) => (isGroup(entry) ? entry.commands.map((verb) => ({ noun: entry.name, verb })) : []))

export const problem = (status: number, code: string, detail = `about ${code}`): readonly [number, string] => [
  status,
  JSON.stringify({ type: '', title: `Title of ${code}`, status, detail, instance: 'req', code }),
]
