import type { CrewProblem } from '../../../sdk/typescript/src/client/crew-problem.ts'
import { oneLine, shortened } from './terminal-text.ts'

const MAX_DETAIL = 1000
/** One wrong file of tasks can have thousands. */
const MAX_FAULTS = 20

/** What to do about it, where the server cannot know how this program is told. */
const HINTS: Readonly<Partial<Record<CrewProblem['code'], string>>> = {
  unauthorized: 'Give a token with --token or CREW_TOKEN, or log in with --username and --password.',
  login_failed: 'Check --username and --password, or CREW_AUTH_USERNAME and CREW_AUTH_PASSWORD.',
  forbidden: 'The token is of a role that may not: see crew token list, or ask an admin for another.',
  unexpected_answer: 'Check --url or CREW_URL: the base path of the server belongs to it.',
}

/** A refusal in lines for a person: what happened, to what, and what to do. */
export function problemLines(
  problem: CrewProblem,
  { url, what }: { readonly url: string; readonly what: string | null },
): readonly string[] {
  if (problem.code === 'unreachable') {
    return [
      `crew: No Crew server answers at ${url}: is it running there? Else give its address with --url or CREW_URL.`,
    ]
  }
  const { title, code, errors } = problem
  const faults = errors.map(({ pointer, detail }) => `  ${oneLine(pointer)}: ${oneLine(detail)}`)
  const left = faults.length - MAX_FAULTS
  const hint = HINTS[code]
  const detail = detailOf(problem)
  const isNamed = what === null || detail.includes(`"${what.slice(what.indexOf(' ') + 1)}"`)
  const subject = isNamed ? '' : `${oneLine(what)}: `
  return [
    `crew: ${subject}${oneLine(title)}.${shortened(detail === '' ? '' : ` ${oneLine(detail)}`, MAX_DETAIL)} (${oneLine(code)})`,
    ...faults.slice(0, MAX_FAULTS),
    ...(left > 0 ? [`  and ${left} more`] : []),
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ]
}

/** The message ends with the faults, and may be nothing but them: they have lines of their own here. */
function detailOf({ message, errors }: CrewProblem): string {
  const tail = errors.map(({ pointer, detail }) => `; ${pointer}: ${detail}`).join('')
  const detail = message.endsWith(tail) ? message.slice(0, message.length - tail.length) : message
  return errors.length > 0 && errors.every((fault) => detail.includes(fault.detail)) ? '' : detail
}
