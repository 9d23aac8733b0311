import { errorAdvice } from '../../server/core/error-advice.ts'
import { type ErrorCode, errorCatalogue } from '../../server/core/errors.ts'

/** `docs/errors.md`: a section for each code. */
export function errorsPage(): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  return `# Errors

<!-- Made by \`npm run docs\` from server/core/errors.ts and error-advice.ts. -->

Every error of the API is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "/docs/errors#invalid_request",
  "title": "The request is not valid",
  "status": 422,
  "detail": "what happened, to what, and what to do",
  "instance": "the id of the request, under which the log knows more",
  "code": "invalid_request",
  "errors": [{ "pointer": "/tasks/3/worker", "detail": "expected …" }]
}
\`\`\`

\`code\` is one of these and never changes. Those marked *passes* may succeed when the same request is sent again later.
${codes.map(section).join('')}`
}

function section(code: ErrorCode): string {
  const { status, title } = errorCatalogue[code]
  const { when, todo, isTransient } = errorAdvice[code]
  return `
## ${code}

${status} ${title}${isTransient ? ' · *passes*' : ''}

${when}
**What to do:** ${todo}
`
}
