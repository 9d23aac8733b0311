import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { tailwind } from './tailwind.ts'

/** Where the server is that `npm run dev` shows: started beside it, or another one. */
const SERVER = process.env.CREW_DEV_SERVER ?? 'http://127.0.0.1:8090'
const SERVER_PATHS = '^/(api|docs|demo|openapi.json|logout|authcheck|healthz|livez|readyz|metrics)'

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // Relative to <base href>, which the server fills in: one build works below any path.
  base: command === 'build' ? './' : '/',
  plugins: [react(), tailwind(), ...(command === 'serve' ? [devPage()] : [])],
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    // A file as data: in a script would need a looser policy.
    assetsInlineLimit: 0,
    target: 'es2023',
    // On a slow machine it would tell whoever starts Crew for the first time how to profile the build.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: {
      [SERVER_PATHS]: { target: SERVER, ws: true },
      '/login': { target: SERVER, bypass: ({ method, url }) => (method === 'POST' ? undefined : url) },
    },
  },
}))

/** What the server fills in when it sends the page. Whether login is on shows at the first answer. */
function devPage(): Plugin {
  return {
    name: 'crew-dev-page',
    transformIndexHtml: {
      order: 'pre',
      handler: (html) =>
        html.replace('{{base}}', '/').replace('"{{config}}"', JSON.stringify({ version: 'dev', auth: 'on' })),
    },
  }
}
