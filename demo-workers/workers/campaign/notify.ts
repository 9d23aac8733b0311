import { field, listField, textField } from '../../contract/json.ts'
import type { DemoWorker, World } from '../../contract/worker.ts'
import { parentsBy, parentText } from './parent-output.ts'

export const createNotify = (world: World): DemoWorker => ({
  name: 'campaign/notify',
  about: 'Tells the marketing channel how the quality check went.',
  async run(call) {
    const report = parentsBy(call, 'campaign/qa')[0]?.output
    if (report === undefined) return { kind: 'failed', error: 'no parent is a quality check', isRetryable: false }
    await world.sleep(400, call.signal)
    const product = parentText(call, 'campaign/plan', 'product')
    const message = `${product}: ${summaryOf(report)}`
    return { kind: 'done', output: { channel: textField(call.input, 'channel', '#marketing'), message } }
  },
})

function summaryOf(report: unknown): string {
  const [ads, adSets] = [field(report, 'ads'), field(report, 'adSets')]
  const state = field(report, 'verdict') === 'READY_TO_LAUNCH' ? 'ready to launch' : 'in need of changes'
  return `${ads} ads in ${adSets} ad sets are ${state}, with ${listField(report, 'warnings').length} warnings.`
}
