import { plainValue, type RawObject, rawMembers } from './raw-members.ts'

/** `crew worker test`: what was sent, and what came back. */
export function testLines(test: RawObject): readonly string[] {
  const request = rawMembers(test.get('request') ?? '{}')
  const answer = rawMembers(test.get('answer') ?? 'null')
  const error = plainValue(test.get('error'))
  return [
    `POST ${plainValue(request.get('url'))}`,
    plainValue(request.get('body')),
    ...(answer.size === 0
      ? ['no answer']
      : [
          `${plainValue(answer.get('status'))} in ${plainValue(answer.get('durationMs'))} ms`,
          plainValue(answer.get('body')),
        ]),
    `outcome: ${plainValue(test.get('outcome'))}${error === '' ? '' : `: ${error}`}`,
  ]
}
