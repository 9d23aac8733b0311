import { bannerOf } from './banner.ts'
import type { Call, Command } from './command.ts'
import { serve } from './serve.ts'

/** `crew start`: serves until it is told to stop. */
export const startCommand: Command = {
  name: 'start',
  about: 'start the server',
  words: { placeholder: '', max: 0 },
  flags: [
    {
      name: '--demo',
      placeholder: null,
      about: 'with the demo workers, which are called unless --worker-base-url is set',
    },
  ],
  listsSettings: true,
  run,
}

function run({ settings, secrets, flags }: Call): Promise<never> {
  const hasDemo = flags.has('--demo')
  return serve({
    ...{ settings, secrets, hasDemo },
    log: { isTty: process.stdout.isTTY },
    // Not on stdout: there a log collector reads lines of JSON.
    onStarted: (server) => void process.stderr.write(bannerOf({ server, settings, hasDemo })),
  })
}
