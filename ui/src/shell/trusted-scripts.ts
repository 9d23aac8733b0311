/** As much of Trusted Types (https://www.w3.org/TR/trusted-types/) as is used; older browsers have none. */
interface TrustedTypes {
  createPolicy(name: 'default', rules: { createScriptURL(url: string): string }): unknown
}

/**
 * The policy of the page takes no text for HTML and none for the address of a script, unless this says so: it lets through what the
 * page's own workers are, files of this server.
 */
export function trustOwnScripts(): void {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes }
  trustedTypes?.createPolicy('default', { createScriptURL: ownScript })
}

function ownScript(url: string): string {
  if (new URL(url, document.baseURI).origin === location.origin) return url
  throw new TypeError(`${url} is no script of this server`)
}
