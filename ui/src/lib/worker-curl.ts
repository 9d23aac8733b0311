/** What the server says that it sends to a worker. */
export interface SentRequest {
  readonly url: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Where nobody knows the address, it is whoever pastes it's to fill in. */
const NO_URL = 'https://your-worker.example.com/'

/** What the client makes itself. */
const OWN = new Set(['user-agent', 'traceparent'])

/** The call as a command line; secrets are variables of the shell, named as the server names them. */
export function workerCurl({ url, headers, body }: SentRequest): string {
  const lines = Object.entries(headers)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => `-H ${headerText(name, value)}`)
  return [`curl -s -X POST ${quote(url ?? NO_URL)}`, ...lines, `--data-binary ${quote(body)}`].join(' \\\n  ')
}

function headerText(name: string, value: string): string {
  if (value === '***') return `"${name}: $CREW_WORKER_AUTHORIZATION_HEADER"`
  const [, before, secret] = /^((?:[A-Za-z][A-Za-z0-9-]* )?)secret:([A-Z][A-Z0-9_]*)$/.exec(value) ?? []
  return secret === undefined ? quote(`${name}: ${value}`) : `"${name}: ${before}$CREW_SECRET_${secret}"`
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
