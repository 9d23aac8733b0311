import type { CommandGroup, PlainCommand } from '../command.ts'
import { type ClientWorld, processWorld } from './client-world.ts'
import { flagsOfVerb } from './common-flags.ts'
import { EXIT_NOTES } from './exit-codes.ts'
import { bulkNoun } from './nouns/bulk.ts'
import { errorNoun } from './nouns/error.ts'
import { groupNoun } from './nouns/group.ts'
import { scheduleNoun } from './nouns/schedule.ts'
import { taskNoun } from './nouns/task.ts'
import { tokenNoun } from './nouns/token.ts'
import { workerNoun } from './nouns/worker.ts'
import { workgroupNoun } from './nouns/workgroup.ts'
import { runVerb } from './run-verb.ts'
import type { Noun, Verb } from './verb.ts'

/** What `crew NOUN VERB` is about, in the order of `crew help`. */
export const NOUNS: readonly Noun[] = [
  groupNoun,
  taskNoun,
  workerNoun,
  workgroupNoun,
  scheduleNoun,
  errorNoun,
  bulkNoun,
  tokenNoun,
]

/** The nouns as commands. */
export const nounCommands = (world: () => ClientWorld = processWorld): readonly CommandGroup[] =>
  NOUNS.map((noun) => ({
    name: noun.name,
    about: noun.about,
    commands: noun.verbs.map((verb) => verbCommand(noun, verb, world)),
  }))

function verbCommand(noun: Noun, verb: Verb, world: () => ClientWorld): PlainCommand {
  return {
    name: verb.name,
    about: verb.about,
    words: wordsOf(noun, verb),
    flags: flagsOfVerb(verb),
    readsSettings: false,
    notes: EXIT_NOTES,
    run: (given) => runVerb({ noun, verb }, given, world()),
  }
}

function wordsOf(noun: Noun, verb: Verb): PlainCommand['words'] {
  const word = noun.param === 'name' ? 'NAME' : noun.param === 'fingerprint' ? 'FINGERPRINT' : 'ID'
  switch (verb.words) {
    case 'none':
      return { placeholder: '', max: 0 }
    case 'id':
      return { placeholder: word, max: 1 }
    case 'ids':
      return { placeholder: `${word}…|-`, max: Number.POSITIVE_INFINITY }
  }
}
