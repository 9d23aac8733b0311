// Cloudflare Workers: the module itself. The same file runs as `bun cloudflare-worker.ts`, or `Deno.serve(worker.fetch)`.
import { answer, child, defineWorker } from 'crew-sdk'

export default defineWorker<{ pages: number }, { planned: number }>(
  ({ input }) => {
    const pages = Array.from({ length: input.pages }, (_, index) =>
      child({ id: `page-${index}`, worker: 'next', input: { page: index } }),
    )
    const merge = child({
      worker: 'lambda',
      parentIds: pages.map(({ id }) => `${id}`),
      input: { text: 'all pages are there' },
    })
    return answer({ planned: pages.length }, { children: [...pages, merge] })
  },
  { secret: (env) => env.CREW_SIGNING_SECRET },
)
