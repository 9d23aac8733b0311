import { expect, test, vi } from 'vitest'
import { runCli } from '../../server/cli/cli.ts'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS } from '../../server/settings/settings-table.ts'
import { VERSION } from '../../server/version.ts'

/** Runs what starts nothing within this process. */
async function run(...args: string[]) {
  const streams = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      streams[name] += text
      return true
    })
  }
  const code = await runCli(args)
  vi.restoreAllMocks()
  return { code, ...streams }
}

test.each(['version', '--version', '-v'])('%s tells the version', async (word) => {
  expect(await run(word)).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
})

test('help tells the commands', async () => {
  const help = await run('--help')
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/^ {2}start .*\n {2}dev .*\n {2}demo \[NAME\] .*\n {2}health /m)
  expect([await run(), await run('help'), await run('-h')]).toEqual([help, help, help])
})

test('help of start tells every setting with its names and default', async () => {
  const { code, stdout } = await run('start', '--help')
  expect(code).toBe(0)
  for (const key of SETTING_KEYS) {
    expect(stdout).toContain(`${namesOf(key).flag} ${SETTINGS[key].kind.placeholder}, ${namesOf(key).env}\n`)
    if (SETTINGS[key].fallback !== null) expect(stdout).toContain(`(${SETTINGS[key].fallback})`)
  }
  expect(stdout).toContain(fileNamesOf('authToken').env)
  expect(await run('help', 'start')).toMatchObject({ stdout })
})

test('help of another command tells its flags and where the settings are', async () => {
  const { stdout } = await run('demo', '--help')
  expect(stdout).toContain('Usage: crew demo [NAME]')
  expect(stdout).toContain('--password PASSWORD')
  expect(stdout).toContain('see crew help start')
})

test.each([
  [['strat'], '"strat" is no command (did you mean start?): see crew help.'],
  [['frobnicate'], '"frobnicate" is no command: see crew help.'],
  [['help', 'frobnicate'], '"frobnicate" is no command: see crew help.'],
  [['start', '--port', '80x'], '--port is "80x": expected a whole number from 0 to 65535.'],
  [['start', '--prot', '80'], '--prot is no flag of this command (did you mean --port?): see --help.'],
  [['start', '--clean-expired-groups=maybe'], '--clean-expired-groups is "maybe": expected true or false.'],
  [['start', 'now'], 'crew start does not take "now": see --help.'],
  [['demo', 'campaign', 'diamond'], 'crew demo does not take "diamond": see --help.'],
  [['import'], 'crew import takes the name of a program, not "": write crew import crew-go.'],
  [['import', 'crew'], 'crew import takes the name of a program, not "crew": write crew import crew-go.'],
  [
    ['import', 'crew-go'],
    'crew import crew-go does not say from where: add --from redis://[:PASSWORD@]HOST[:PORT][/DATABASE].',
  ],
  [
    ['import', 'crew-go', '--from', 'redis://localhost', '--storage', 'memory'],
    'CREW_STORAGE is "memory": what is imported would be gone at once; set it to sqlite:PATH or redis://….',
  ],
  [['health', '--auth-token-file', '.'], '. cannot be read (EISDIR): check that it is a file, and its rights.'],
])('%j is refused', async (args, sentence) => {
  expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: `crew: ${sentence}\n` })
})
