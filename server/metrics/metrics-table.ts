/** What `/metrics` tells, in one table: the registry is built from it, docs/metrics.md is made of it, dashboards are checked against it. */
export interface MetricSpec {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /**
   * `server`: of this process, to be summed over several. `store`: of all that is stored, which every server on it tells alike: of
   * several take the maximum, never the sum.
   */
  readonly of: 'server' | 'store'
  /** Upper ends of a histogram's buckets, in seconds. */
  readonly buckets?: readonly number[]
}

/** From an answer at once to the longest that a worker is waited for by default (300 s), and twice that. */
const ATTEMPT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** From the second of I4 to a night behind a rate limit. */
const QUEUE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400]
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30]

/** Those that Crew measures itself. */
export const crewMetrics = [
  {
    name: 'crew_tasks',
    type: 'gauge',
    labels: ['status'],
    of: 'store',
    help: 'Tasks by state. Those of groups that are all succeeded or empty are counted as succeeded alone.',
  },
  {
    name: 'crew_task_attempts_total',
    type: 'counter',
    labels: ['worker', 'outcome'],
    of: 'server',
    help: 'Attempts that ended, by how: ok, error, timeout, rate_limited, network, invalid_response; lost ones were given back.',
  },
  {
    name: 'crew_task_attempt_duration_seconds',
    type: 'histogram',
    labels: ['worker'],
    of: 'server',
    buckets: ATTEMPT_SECONDS,
    help: 'How long attempts took, from the claim to the answer; of those that were accepted with 202, to their callback.',
  },
  {
    name: 'crew_task_queue_wait_seconds',
    type: 'histogram',
    labels: ['worker'],
    of: 'server',
    buckets: QUEUE_SECONDS,
    help: 'How long tasks were due before they started, as far as it is known since when: by their time, or by parents that ended on this server.',
  },
  {
    name: 'crew_task_schedule_lag_seconds',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: 'How late this server asked the storage for what was due, at worst within the last minute. Waiting for a limit is no lag.',
  },
  {
    name: 'crew_oldest_queued_age_seconds',
    type: 'gauge',
    labels: ['worker'],
    of: 'store',
    help: 'For how long the oldest task with a time of its own has been due and not started; 0 when none is.',
  },
  {
    name: 'crew_worker_inflight',
    type: 'gauge',
    labels: ['worker'],
    of: 'server',
    help: 'Calls that the worker has not answered yet.',
  },
  {
    name: 'crew_worker_concurrency_limit',
    type: 'gauge',
    labels: ['worker'],
    of: 'server',
    help: 'How many calls of this server the worker may have at once; less for a while after a start or trouble.',
  },
  {
    name: 'crew_worker_circuit_state',
    type: 'gauge',
    labels: ['worker'],
    of: 'store',
    help: 'The breaker of the worker: 0 closed, 1 half open, 2 open.',
  },
  {
    name: 'crew_workgroup_cooloff_until_timestamp_seconds',
    type: 'gauge',
    labels: ['workgroup'],
    of: 'store',
    help: 'Until when the workgroup is held, in seconds since 1970. One that is not held is not told.',
  },
  {
    name: 'crew_workgroup_cooloffs_total',
    type: 'counter',
    labels: [],
    of: 'server',
    help: 'How often an answer held a workgroup.',
  },
  {
    name: 'crew_blocked_tasks',
    type: 'gauge',
    labels: ['reason'],
    of: 'store',
    help: 'Unfinished tasks by what keeps them from starting, in the words of `why`: the strongest reason of each, as far as it is counted.',
  },
  {
    name: 'crew_group_completed_total',
    type: 'counter',
    labels: ['outcome'],
    of: 'server',
    help: 'Task groups that came to their end, succeeded or failed; one that goes on and ends again counts again.',
  },
  {
    name: 'crew_store_commit_seconds',
    type: 'histogram',
    labels: [],
    of: 'server',
    buckets: COMMIT_SECONDS,
    help: 'How long the storage took to write a batch of results.',
  },
  {
    name: 'crew_store_bytes',
    type: 'gauge',
    labels: [],
    of: 'store',
    help: 'What the store takes on disk, or in the memory of its server. Not told of a store in this process.',
  },
  {
    name: 'crew_store_up',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: '1 when the storage answered this scrape; at 0 whatever is read from it is left out.',
  },
  {
    name: 'crew_store_read_only',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: '1 while the storage takes no writes: it is full or away, results are kept and nothing is claimed.',
  },
  {
    name: 'crew_results_waiting',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: 'Answers of workers that are not durable yet.',
  },
  {
    name: 'crew_attempts_in_flight',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: 'Calls that workers have not answered yet.',
  },
  {
    name: 'crew_live_clients',
    type: 'gauge',
    labels: [],
    of: 'server',
    help: 'Clients that listen to events: tabs of the web UI, websockets, server-sent events.',
  },
  {
    name: 'crew_http_request_duration_seconds',
    type: 'histogram',
    labels: ['route', 'method', 'code'],
    of: 'server',
    buckets: REQUEST_SECONDS,
    help: 'How long requests took, by the pattern of their address. Streams of events are left out.',
  },
  {
    name: 'crew_spans_dropped_total',
    type: 'counter',
    labels: [],
    of: 'server',
    help: 'Spans of traces that were lost, as the collector took none and the queue was full.',
  },
  {
    name: 'crew_build_info',
    type: 'gauge',
    labels: ['version'],
    of: 'server',
    help: 'Always 1; the label tells the version.',
  },
] as const satisfies readonly MetricSpec[]

export type CrewMetric = (typeof crewMetrics)[number]
export type CrewMetricName = CrewMetric['name']

/** Those of prom-client that are right on Bun, Node and in the binary. Where the system does not tell one, it is left out. */
export const processMetrics: readonly MetricSpec[] = [
  processMetric('process_cpu_user_seconds_total', 'counter', 'Processor time spent in the program.'),
  processMetric('process_cpu_system_seconds_total', 'counter', 'Processor time spent in the system for it.'),
  processMetric('process_cpu_seconds_total', 'counter', 'Both together.'),
  processMetric('process_start_time_seconds', 'gauge', 'When the process started, in seconds since 1970.'),
  processMetric('process_resident_memory_bytes', 'gauge', 'Memory in use.'),
  processMetric('process_open_fds', 'gauge', 'Open files and connections. Linux only.'),
  processMetric('process_max_fds', 'gauge', 'How many of them may be open. Linux only.'),
  processMetric('nodejs_heap_size_total_bytes', 'gauge', 'Memory that the program has for its objects.'),
  processMetric('nodejs_heap_size_used_bytes', 'gauge', 'Memory of objects of the program.'),
  processMetric('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers.'),
  processMetric('nodejs_eventloop_lag_seconds', 'gauge', 'How late a timer fires at the time of the scrape.'),
  processMetric(
    'nodejs_eventloop_lag_mean_seconds',
    'gauge',
    'How late timers fired since the scrape before, on average.',
  ),
  processMetric('nodejs_eventloop_lag_p99_seconds', 'gauge', 'The same, of 99 in 100 at most.'),
  processMetric('nodejs_eventloop_lag_max_seconds', 'gauge', 'The same, at worst.'),
]

function processMetric(name: string, type: 'counter' | 'gauge', help: string): MetricSpec {
  return { name, type, help, labels: [], of: 'server' }
}

export const allMetrics: readonly MetricSpec[] = [...crewMetrics, ...processMetrics]
