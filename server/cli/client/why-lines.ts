import { plainValue, type RawObject, rawItems, rawMembers } from './raw-members.ts'

/** `crew task why` and `crew group why`: the state, a line for each reason, and where a group takes longest. */
export function whyLines(answer: RawObject): readonly string[] {
  const ahead = Number(plainValue(answer.get('ahead')) || 0)
  const bottleneck = rawMembers(answer.get('bottleneck') ?? 'null')
  const secondsLeft = plainValue(answer.get('secondsLeft'))
  return [
    plainValue(answer.get('state')),
    ...rawItems(answer.get('reasons') ?? '[]').map((raw) => `  ${reasonLine(rawMembers(raw))}`),
    ...(ahead > 0 ? [`  ${ahead} ahead of it`] : []),
    ...(bottleneck.size > 0 ? [`  ${plainValue(bottleneck.get('message'))}`] : []),
    ...(secondsLeft === '' ? [] : [`  about ${Math.ceil(Number(secondsLeft))} s left`]),
  ]
}

function reasonLine(reason: RawObject): string {
  const [code, message, until, count] = ['code', 'message', 'until', 'count'].map((name) =>
    plainValue(reason.get(name)),
  )
  const of = count === undefined || count === '' ? '' : `${count} × `
  return `${of}${code}: ${message}${until ? ` (until ${until})` : ''}`
}
