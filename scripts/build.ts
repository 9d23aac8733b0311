// Compiles Crew into one executable. `npm run build -- --target bun-linux-arm64 --outfile dist/crew-arm64` crosses.
import { parseArgs } from 'node:util'
import { compile } from './compile.ts'

const { values: options } = parseArgs({
  options: { outfile: { type: 'string', default: 'dist/crew' }, target: { type: 'string' } },
})

const bytes = compile(options)
console.log(`crew: ${options.outfile}, ${(bytes / 1e6).toFixed(0)} MB`)
