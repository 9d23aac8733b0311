import { type Entry, isGroup } from './command.ts'
import { flagsOf } from './help.ts'

/** What may come behind each beginning of a command line: behind `` the commands, behind `task` its verbs, behind `task list` its flags. */
export type CompletionTree = ReadonlyMap<string, readonly string[]>

export function completionTree(entries: readonly Entry[]): CompletionTree {
  const tree = new Map<string, readonly string[]>([['', [...entries.map(({ name }) => name), 'help']]])
  for (const entry of entries) {
    if (!isGroup(entry)) tree.set(entry.name, flagsAndHelp(entry))
    else {
      tree.set(
        entry.name,
        entry.commands.map(({ name }) => name),
      )
      for (const command of entry.commands) tree.set(`${entry.name} ${command.name}`, flagsAndHelp(command))
    }
  }
  return tree
}

const flagsAndHelp = (command: Parameters<typeof flagsOf>[0]): readonly string[] => [
  ...flagsOf(command).map(({ name }) => name),
  '--help',
]

/** The words of a line that are no flags choose the list; a word that begins with nothing known completes to files. */
export const bashScript = (tree: CompletionTree): string => `# bash completion of crew
_crew() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    case "\${COMP_WORDS[i]}" in -*) break ;; esac
    path="\${path:+$path }\${COMP_WORDS[i]}"
  done
  case "$path" in
${cases(tree, (words) => `words="${words}"`)}
  *) path="\${path%% *}"; case "$path" in
${cases(ofOneWord(tree), (words) => `words="${words}"`)}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _crew crew`

export const zshScript = (tree: CompletionTree): string => `#compdef crew
# zsh completion of crew
_crew() {
  local path_words="" i
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    [[ "\${words[i]}" == -* ]] && break
    path_words="\${path_words:+$path_words }\${words[i]}"
  done
  case "$path_words" in
${cases(tree, (words) => `compadd -- ${words}`)}
  *) path_words="\${path_words%% *}"; case "$path_words" in
${cases(ofOneWord(tree), (words) => `compadd -- ${words}`)}
    esac ;;
  esac
  _files
}
compdef _crew crew`

export function fishScript(tree: CompletionTree): string {
  const lines = [...tree].flatMap(([path, words]) => words.map((word) => fishLine(path, word)))
  return ['# fish completion of crew', ...lines].join('\n')
}

function fishLine(path: string, word: string): string {
  const [first, second] = path.split(' ')
  const condition =
    path === ''
      ? '__fish_use_subcommand'
      : second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
  if (word.startsWith('--')) return `complete -c crew -n '${condition}' -l ${word.slice(2)}`
  if (word.startsWith('-')) return `complete -c crew -n '${condition}' -s ${word.slice(1)}`
  return `complete -c crew -n '${condition}' -f -a ${word}`
}

/** Commands that stand alone take words, which are no part of the beginning. */
const ofOneWord = (tree: CompletionTree): CompletionTree =>
  new Map([...tree].filter(([path, words]) => path !== '' && !path.includes(' ') && words.includes('--help')))

const cases = (tree: CompletionTree, body: (words: string) => string): string =>
  [...tree].map(([path, words]) => `  "${path}") ${body(words.join(' '))} ;;`).join('\n')
