/** What the server says in its page. */
export interface Config {
  readonly version: string
  /** `on`: one logs in here; `application`: in the one that Crew runs in; `off`: nowhere. */
  readonly auth: 'on' | 'off' | 'application'
}

export const config: Config = JSON.parse(document.getElementById('config')?.textContent ?? '{}')

/** The path of the UI, with a slash at both ends. */
export const basePath = new URL(document.baseURI).pathname
