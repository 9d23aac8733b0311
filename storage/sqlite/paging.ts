import { MAX_PAGE_SIZE, type PageQuery } from '../task-storage.ts'

export function limitOf(query: PageQuery): string {
  const size = query.pageSize === 0 ? MAX_PAGE_SIZE : query.pageSize
  return `LIMIT ${Math.trunc(size)} OFFSET ${Math.trunc((query.page - 1) * size)}`
}

/** A LIKE pattern for "contains", with its own signs taken literally. */
export const containing = (part: string): string => `%${part.replace(/[\\%_]/g, '\\$&')}%`
