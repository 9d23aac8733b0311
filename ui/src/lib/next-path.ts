/** Where to go after the login: a path of this UI, never another site, whatever the address says. */
export function nextPath(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) && !/[\n\r\t]/.test(value) ? value : '/groups'
}
