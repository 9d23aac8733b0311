import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { onLoggedOut } from './api/client.ts'
import { config } from './api/config.ts'
import { live } from './api/live.ts'
import { ApiError } from './api/problem.ts'
import { router } from './router.tsx'
import { startTheme } from './shell/preferences.ts'
import { trustOwnScripts } from './shell/trusted-scripts.ts'
import './styles.css'

const MAX_RETRIES = 2

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the server refused stays refused; only silence and 5xx may pass.
      retry: (failures, error) =>
        failures < MAX_RETRIES && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      staleTime: 1000,
      // Whoever stands still to read wants nothing to move when coming back.
      refetchOnWindowFocus: () => live.isOn(),
      refetchOnReconnect: () => live.isOn(),
    },
  },
})

onLoggedOut(() => {
  const { pathname, href } = router.state.location
  if (config.auth === 'on' && pathname !== '/login') void router.navigate({ to: '/login', search: { next: href } })
})

trustOwnScripts()
startTheme()
const element = document.getElementById('root')
if (element)
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
