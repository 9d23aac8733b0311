import { SettingError } from '../../settings/setting-error.ts'
import type { FileWorld } from './given-text.ts'
import type { Noun, Verb } from './verb.ts'

/** More than that is the work of one bulk operation, by a filter. */
export const MAX_IDS = 100_000

/** The ids of a command line, each once; `-` stands for those that stdin has, one a line. */
export async function readIds(
  { noun, verb, words }: { readonly noun: Noun; readonly verb: Verb; readonly words: readonly string[] },
  world: FileWorld,
): Promise<readonly string[]> {
  const all: string[] = []
  for (const word of words) all.push(...(word === '-' ? await idsOfStdin(world) : [word]))
  const ids = [...new Set(all)]
  if (ids.length > MAX_IDS) throw new SettingError(`${ids.length} ids are more than ${MAX_IDS}: name them by a filter.`)
  // As a part of an address these would be another address.
  const bad = ids.find((id) => /^\.{0,2}$/.test(id))
  if (bad !== undefined) throw new SettingError(`"${bad}" is no ${noun.name}: check what stands there.`)
  if (words.length > 0) return ids
  const what = noun.param === 'name' ? 'NAME' : noun.param === 'fingerprint' ? 'FINGERPRINT' : 'ID'
  const others = verb.bulk === undefined ? '' : ', or flags like --state that say which'
  throw new SettingError(
    `crew ${noun.name} ${verb.name} needs to know which ${noun.name}: write crew ${noun.name} ${verb.name} ${what}${verb.words === 'ids' ? ', - for those on stdin' : ''}${others}.`,
  )
}

const idsOfStdin = async ({ readStdin }: FileWorld): Promise<readonly string[]> =>
  (await readStdin()).split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
