/** A demo: the group that `crew demo NAME` creates. */
export interface Demo {
  readonly name: string
  readonly about: string
  readonly groupName: string
  /** The worker whose output's `message` sums the run up, when there is one. */
  readonly resultOf?: string
  readonly seed: { readonly name: string; readonly worker: string; readonly input: unknown }
}

export const DEMOS: readonly Demo[] = [
  {
    name: 'campaign',
    about: 'An ad campaign is built on a flaky, rate-limited ad platform',
    groupName: 'Ad campaign',
    resultOf: 'campaign/notify',
    seed: {
      name: 'Plan the campaign',
      worker: 'campaign/plan',
      input: { product: 'Alpine Shell Jacket', account: '4711', adSets: 3, adsPerSet: 4, dailyBudget: 300 },
    },
  },
  {
    name: 'diamond',
    about: 'A task answers four more: A, then B and C side by side, then D',
    groupName: 'Diamond',
    seed: { name: 'Seed', worker: 'worker-c', input: { delayMs: 1500 } },
  },
]

/** The body of POST /api/v1/task_groups/graph for a demo. Ids are unique over all groups: the seed's starts with the group's. */
export function graphOf(demo: Demo, groupId: string) {
  const seed = { ...demo.seed, id: `${groupId}.seed`, isSeed: true, errorDelayInSeconds: 2 }
  return { id: groupId, name: demo.groupName, metadata: { demo: demo.name }, tasks: [seed] }
}
