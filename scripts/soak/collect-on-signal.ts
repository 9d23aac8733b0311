// Loaded by the servers of a soak before all else: what is left when they have given back what nobody needs can be compared.
const { Bun } = globalThis as unknown as { Bun: { gc(isComplete: boolean): void } }
process.on('SIGUSR2', () => Bun.gc(true))
