import {
  fileNamesOf,
  namesOf,
  SETTING_KEYS,
  SETTINGS,
  type Setting,
  type SettingKey,
} from '../../server/settings/settings-table.ts'

/** `docs/configuration.md`: every setting in its three spellings. */
export function settingsPage(): string {
  return `<!-- Made by \`npm run docs\` from server/settings/settings-table.ts. Not to be changed by hand. -->

# Configuration

Every setting has three spellings: a flag (\`--max-in-flight 50\`), a name in the environment (\`CREW_MAX_IN_FLIGHT=50\`) and a key of
\`crew.toml\` in the folder that Crew is started in (\`max_in_flight = 50\`). A flag wins over the environment, that over \`crew.toml\`,
that over \`.env\` in the same folder (names as in the environment), that over the default. A name that is set to nothing is not set.

\`crew config\` tells what is in force and where each value comes from, with secrets masked, and everything that is wrong; \`crew doctor\`
also tries what the settings lead to.

| environment | flag | crew.toml | allowed | default | meaning |
| --- | --- | --- | --- | --- | --- |
${SETTING_KEYS.map(row).join('\n')}

## Secrets

The secret settings are ${listed(SETTING_KEYS.filter((key) => SETTINGS[key].isSecret).map((key) => `\`${namesOf(key).env}\``))}.
Each can stand in a file that is named instead: ${listed([`\`${fileNamesOf('authToken').env}=PATH\``, `\`${fileNamesOf('authToken').flag} PATH\``, `\`${fileNamesOf('authToken').toml} = "PATH"\``])}. Better than a flag,
which other users of the machine may see. Both at once are refused. A line break at the end of the file is no part of the secret.

\`CREW_SECRET_NAME\`, or \`CREW_SECRET_NAME_FILE\`, is what a header or a signing secret \`secret:NAME\` of a worker stands for: 8 characters or
more of printable ASCII, in the environment or in \`.env\` only. \`crew config\` lists their names.

## Names that are none

A key of \`crew.toml\` that is no setting is refused, with the one that was probably meant, and so is a flag. In the environment and in \`.env\`
others put names as well (Kubernetes sets \`CREW_PORT\` where a service is called crew): a name there that looks like a setting is warned
of at the start, and by \`crew config\`, and is not read.
`
}

function row(key: SettingKey): string {
  const { about, kind, fallback, isSecret }: Setting<unknown> = SETTINGS[key]
  const { env, flag, toml } = namesOf(key)
  const cells = [
    `\`${env}\``,
    `\`${flag}\``,
    `\`${toml}\``,
    kind.allowed,
    fallback === null ? 'none' : `\`${fallback}\``,
    isSecret ? `${about} (secret)` : about,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const listed = (words: readonly string[]): string => words.join(', ').replace(/, ([^,]*)$/, ' and $1')
