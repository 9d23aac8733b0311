import { plainValue, type RawObject, rawMembers } from './raw-members.ts'
import { jsonForTerminal } from './terminal-text.ts'

/** The call as a command of a shell. What the server keeps secret is `***` in it. */
export function curlLines(request: RawObject): readonly string[] {
  const url = plainValue(request.get('url'))
  if (url === '')
    return ['# Nobody knows where this worker is: set its address with crew worker set NAME --worker-url URL.']
  const headers = [...rawMembers(request.get('headers') ?? '{}')].map(
    ([name, raw]) => `  -H ${quoted(`${name}: ${plainValue(raw)}`)} \\`,
  )
  return [
    `curl -X POST ${quoted(url)} \\`,
    ...headers,
    `  --data-raw ${quoted(jsonForTerminal(plainValue(request.get('body'))))}`,
  ]
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
