// Next.js: `app/api/crew/next/route.ts`.
import { defineWorker, rateLimited } from 'crew-sdk'

const worker = defineWorker<{ page: number }, { title: string }>(
  async ({ input, signal, deliveryId }) => {
    const headers = { 'idempotency-key': deliveryId }
    const response = await fetch(`${process.env.SHOP_URL}/pages/${input.page}`, { signal, headers })
    if (response.status === 429) throw rateLimited(Number(response.headers.get('retry-after') ?? 60))
    if (!response.ok) throw new Error(`the shop answered ${response.status}`)
    return (await response.json()) as { title: string }
  },
  { secret: process.env.CREW_SIGNING_SECRET },
)

export const POST = worker.fetch
