import './cli/start-again.ts'
import { runCli } from './cli/cli.ts'
import { endAtClosedPipe } from './cli/closed-pipe.ts'

endAtClosedPipe()
process.exitCode = await runCli(process.argv.slice(2))
