import { SettingError } from '../../settings/setting-error.ts'
import type { ClientWorld } from './client-world.ts'

/** Asks a person before much is done. Throws a SettingError where nobody can be asked and `--yes` is not given. */
export async function isAgreed(
  {
    question,
    flags,
    readsStdin,
  }: { readonly question: string; readonly flags: ReadonlyMap<string, string>; readonly readsStdin: boolean },
  world: ClientWorld,
): Promise<boolean> {
  if (flags.has('--yes')) return true
  if (!world.isTty.stdin || !world.isTty.stderr || readsStdin) {
    throw new SettingError(`${question} Nobody can be asked here: add --yes, or look first with --dry-run.`)
  }
  const answer = await world.ask(`${question} [y/N] `)
  return /^y(es)?$/i.test(answer.trim())
}
