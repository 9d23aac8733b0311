/** One line of a Dockerfile, its continuations joined. */
export interface Instruction {
  readonly name: string
  readonly args: string
  /** Flags such as `--from=build`, by their name. */
  readonly flags: Readonly<Record<string, string>>
}

export interface Stage {
  readonly image: string
  readonly alias: string | undefined
  readonly instructions: readonly Instruction[]
}

/** The stages of a Dockerfile in their order. Comments within continued lines are left out, as Docker does. */
export function stagesOf(text: string): readonly Stage[] {
  const stages: { image: string; alias: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [image = '', , alias] = instruction.args.split(/\s+/)
      stages.push({ image, alias, instructions: [] })
    } else {
      stages.at(-1)?.instructions.push(instruction)
    }
  }
  return stages
}

/** The value of ENTRYPOINT, CMD or HEALTHCHECK, which have to be of the form without a shell. Throws when they are not. */
export function wordsOf({ args }: Instruction): readonly string[] {
  return JSON.parse(args.replace(/^CMD\s+/, ''))
}

/** The pairs of an ENV or LABEL. */
export function pairsOf({ args }: Instruction): Record<string, string> {
  const pairs = [...args.matchAll(/([\w.]+)=("[^"]*"|\S+)/g)]
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value?.replaceAll('"', '')]))
}

function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line))
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map(instructionOf)
}

function instructionOf(line: string): Instruction {
  const [name = '', ...words] = line.split(/\s+/)
  const isFlag = words.findIndex((word) => !word.startsWith('--'))
  const flags = words.slice(0, isFlag).map((word) => word.slice(2).split('=') as [string, string])
  return { name, args: words.slice(isFlag).join(' '), flags: Object.fromEntries(flags) }
}
