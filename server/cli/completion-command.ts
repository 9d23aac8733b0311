import { SettingError } from '../settings/setting-error.ts'
import type { Entry, PlainCommand } from './command.ts'
import { bashScript, completionTree, fishScript, zshScript } from './completion-scripts.ts'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** `crew completion`: made of the same list of commands that command lines are read by. */
export function completionCommand(entries: () => readonly Entry[]): PlainCommand {
  return {
    name: 'completion',
    about: 'a script that lets the shell complete commands and flags',
    words: { placeholder: 'bash|zsh|fish', max: 1 },
    flags: [],
    readsSettings: false,
    notes: [
      'bash: source <(crew completion bash), in ~/.bashrc',
      'zsh:  source <(crew completion zsh), in ~/.zshrc behind compinit',
      'fish: crew completion fish > ~/.config/fish/completions/crew.fish',
    ],
    async run({ words: [shell = ''], out }) {
      const script = Object.entries(SHELLS).find(([name]) => name === shell)?.[1]
      if (script === undefined) {
        throw new SettingError(`crew completion takes the name of a shell, not "${shell}": bash, zsh or fish.`)
      }
      out(script(completionTree(entries())))
      return 0
    },
  }
}
