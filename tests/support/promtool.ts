import { spawnSync } from 'node:child_process'

const INSTALL = 'on Debian: apt-get install prometheus (the service that comes with it is not needed)'

/** The promtool of the PATH; throws one sentence that says what to do when there is none. */
export function findPromtool(): string {
  if (spawnSync('promtool', ['--version']).error) throw new Error(`There is no promtool on the PATH: ${INSTALL}.`)
  return 'promtool'
}

/** What `promtool check metrics` finds wrong with a scrape; '' is nothing. */
export function checkMetrics(text: string): string {
  const { status, stdout, stderr } = spawnSync(findPromtool(), ['check', 'metrics'], { input: text, encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}exit code ${status}`
}
