import type { Connection } from '../../../sdk/typescript/src/client/connection.ts'
import { SettingError } from '../../settings/setting-error.ts'
import { objectText, plainValue, rawItems, rawMembers } from './raw-members.ts'
import { messageOf, type Order } from './request.ts'
import type { Noun, OperationName } from './verb.ts'

/** As many as one answer holds: big enough to be quick, small enough to be no burden. */
const PAGE = 1000
const DEFAULT_LIMIT = 20

const PAGED: ReadonlySet<OperationName> = new Set([
  'listTaskGroups',
  'listTasks',
  'listWorkers',
  'listWorkgroups',
  'listSchedules',
  'listTokens',
  'listBulk',
] as const)

/** What a list answers: the text as if it were one page, and how many there are beyond it. */
export interface Listed {
  readonly text: string
  readonly rows: number
  /** Null: the API does not count them. */
  readonly total: number | null
}

interface ListOptions {
  readonly connection: Connection
  readonly noun: Noun
  readonly order: Order
  /** That holds the rows. */
  readonly member: string
  readonly id: string | null
  readonly limit: number
}

export function readLimit(flags: ReadonlyMap<string, string>): number {
  const written = flags.get('--limit')
  if (flags.has('--all') && written !== undefined)
    throw new SettingError('--limit and --all contradict: keep one of them.')
  if (flags.has('--all')) return Number.POSITIVE_INFINITY
  if (written === undefined) return DEFAULT_LIMIT
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written)
  throw new SettingError(`--limit is "${written}": expected a whole number from 1.`)
}

/** Reads page after page, up to the limit. One page is left as the server sent it. */
export async function listPages(options: ListOptions): Promise<Listed> {
  const { connection, noun, order, member, id, limit } = options
  if (!PAGED.has(order.operation)) {
    const text = await connection.send(messageOf(order, noun, id))
    return cut(text, member, limit)
  }
  const pageSize = Math.min(limit, PAGE)
  // What is made or deleted meanwhile moves the others from page to page.
  const rows = new Set<string>()
  for (let page = 1; ; page++) {
    const query = new Map([...order.query, ['page', String(page)], ['pageSize', String(pageSize)]])
    const text = await connection.send(messageOf({ ...order, query }, noun, id))
    const members = rawMembers(text)
    const items = rawItems(members.get(member) ?? '[]')
    const total = Number(plainValue(members.get('count')) || items.length)
    if (page === 1 && (items.length < pageSize || limit <= PAGE)) return { text, rows: items.length, total }
    for (const item of items) rows.add(item)
    if (items.length < pageSize || rows.size >= limit) return together([...rows].slice(0, limit), member, total)
  }
}

function together(rows: readonly string[], member: string, total: number): Listed {
  const text = objectText([
    [member, `[${rows.join(',')}]`],
    ['count', String(total)],
  ])
  return { text, rows: rows.length, total }
}

function cut(text: string, member: string, limit: number): Listed {
  const members = rawMembers(text)
  const items = rawItems(members.get(member) ?? '[]')
  if (items.length <= limit) return { text, rows: items.length, total: null }
  const kept = new Map([...members, [member, `[${items.slice(0, limit).join(',')}]`]])
  return { text: objectText(kept), rows: limit, total: items.length }
}
