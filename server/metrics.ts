/** What `/metrics` tells. */
export interface Figures {
  readonly version: string
  readonly startedAt: number
  readonly inFlight: number
}

/** The figures of the process as Prometheus reads them. */
export function metricsText({ version, startedAt, inFlight }: Figures): string {
  return [
    ...metric('crew_build_info', 'gauge', 'Always 1; the label tells the version.', `{version="${version}"} 1`),
    ...metric('crew_attempts_in_flight', 'gauge', 'Attempts that workers have not answered yet.', ` ${inFlight}`),
    ...metric('process_resident_memory_bytes', 'gauge', 'Memory in use.', ` ${process.memoryUsage.rss()}`),
    ...metric('process_start_time_seconds', 'gauge', 'When the process started.', ` ${startedAt / 1000}`),
    '',
  ].join('\n')
}

function metric(name: string, type: string, help: string, sample: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name}${sample}`]
}
