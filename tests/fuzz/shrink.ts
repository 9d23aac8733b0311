import type { FuzzRequest } from './requests.ts'

/** So often is a smaller one tried: a fault is read by a person, to whom the last header does not matter. */
const MAX_TRIES = 200

/** The smallest request, of those that lead here by leaving one thing out at a time, of which the question still holds. */
export async function shrink(
  request: FuzzRequest,
  holds: (smaller: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  let [smallest, tries] = [request, 0]
  search: for (;;) {
    for (const smaller of smallerThan(smallest)) {
      if (++tries > MAX_TRIES) return smallest
      if (!(await holds(smaller))) continue
      smallest = smaller
      continue search
    }
    return smallest
  }
}

function* smallerThan(request: FuzzRequest): Generator<FuzzRequest> {
  for (const url of withoutParameter(request.url)) yield { ...request, url }
  const { headers, body } = request
  for (const name of Object.keys(headers).filter((one) => one !== 'authorization'))
    yield { ...request, headers: Object.fromEntries(Object.entries(headers).filter(([one]) => one !== name)) }
  for (const smaller of smallerBodies(body)) yield { ...request, body: smaller }
}

function withoutParameter(url: string): string[] {
  const [path = '', query] = url.split('?')
  if (query === undefined) return []
  const pairs = query.split('&')
  return pairs.map((_, at) => [path, pairs.toSpliced(at, 1).join('&')].filter((part) => part !== '').join('?'))
}

/** Without a member or an item; what is no JSON is halved. */
function smallerBodies(body: FuzzRequest['body']): FuzzRequest['body'][] {
  if (body === null || body.length === 0) return []
  const half = Math.ceil(body.length / 2)
  const halves = body.length > 1 ? [body.slice(0, half), body.slice(half)] : []
  return [null, ...smallerTexts(typeof body === 'string' ? body : ''), ...halves]
}

function smallerTexts(text: string): string[] {
  try {
    return smallerValues(JSON.parse(text)).map((value) => JSON.stringify(value))
  } catch {
    return []
  }
}

function smallerValues(value: unknown): unknown[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => [
      value.toSpliced(at, 1),
      ...smallerValues(item).map((smaller) => value.with(at, smaller)),
    ])
  if (typeof value !== 'object' || value === null) return typeof value === 'string' && value !== '' ? [''] : []
  const entries = Object.entries(value)
  return entries.flatMap(([name, member], at) => [
    Object.fromEntries(entries.toSpliced(at, 1)),
    ...smallerValues(member).map((smaller) => Object.fromEntries(entries.with(at, [name, smaller]))),
  ])
}
