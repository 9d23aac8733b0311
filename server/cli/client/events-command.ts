import { CrewProblem, problemOf } from '../../../sdk/typescript/src/client/crew-problem.ts'
import type { Arguments, PlainCommand } from '../command.ts'
import { type ClientWorld, processWorld } from './client-world.ts'
import { CONNECTION_FLAGS, connectTo, urlOf } from './connection-flags.ts'
import { EXIT, EXIT_NOTES, type ExitCode, exitOfProblem } from './exit-codes.ts'
import { problemLines } from './problem-lines.ts'
import { jsonForTerminal } from './terminal-text.ts'

/** `crew events`: what changes, a line of JSON for each, until somebody stops it. */
export const eventsCommand = (world: () => ClientWorld = processWorld): PlainCommand => ({
  name: 'events',
  about: 'hear what changes at a server, a line of JSON each, until Ctrl-C',
  words: { placeholder: '', max: 0 },
  flags: [
    { name: '--group', placeholder: 'ID', about: 'only of this group' },
    { name: '--types', placeholder: 'TYPE,…', about: 'only of these types, like task.updated,group.updated' },
    ...CONNECTION_FLAGS,
  ],
  readsSettings: false,
  notes: EXIT_NOTES,
  run: (given) => listen(given, world()),
})

async function listen({ flags }: Arguments, world: ClientWorld): Promise<ExitCode> {
  try {
    const { once } = await connectTo(flags, world)
    const message = { method: 'GET', path: pathOf(flags), body: null }
    const response = await once.sendOnce(message, new AbortController().signal).catch(unreachable)
    if (!response.ok || response.body === null) throw await problemOf(response)
    await print(response.body, world)
    world.tell('crew: The server ended the stream.')
    return EXIT.failed
  } catch (error) {
    if (!(error instanceof CrewProblem)) throw error
    const url = urlOf(flags, world)
    for (const line of problemLines(error, { url, what: null })) world.tell(line)
    return exitOfProblem(error)
  }
}

function pathOf(flags: ReadonlyMap<string, string>): string {
  const query = new URLSearchParams()
  for (const [flag, name] of [
    ['--group', 'taskGroup'],
    ['--types', 'types'],
  ] as const) {
    const value = flags.get(flag)
    if (value !== undefined) query.set(name, value)
  }
  return `api/v1/events?${query}`
}

const unreachable = (cause: unknown): never => {
  throw new CrewProblem({ status: 0, code: 'unreachable', title: 'No answer', detail: 'No answer' }, { cause })
}

/** Each event has one line of data; the server says that events were missed by one of another name. */
async function print(stream: AsyncIterable<Uint8Array>, { write, tell, isTty }: ClientWorld): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('event: resync')) tell('crew: Some events were missed: read what you follow again.')
        const data = /^data: (\{.*)$/.exec(line)?.[1]
        if (data !== undefined) write(`${isTty.stdout ? jsonForTerminal(data) : data}\n`)
      }
    }
  } catch {
    // The connection broke: the caller says so.
  }
}
