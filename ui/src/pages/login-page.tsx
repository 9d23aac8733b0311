import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { call } from '../api/client.ts'
import { messageOf } from '../api/problem.ts'
import { Button } from '../kit/button.tsx'
import { CheckField, TextField } from '../kit/field.tsx'
import { nextPath } from '../lib/next-path.ts'
import { PageTitle } from '../shell/page-title.tsx'

/** The server answers with a cookie that no script can read; nothing is kept here. */
export function LoginPage() {
  const { next } = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const client = useQueryClient()
  const [isShown, setShown] = useState(false)
  const login = useMutation({
    mutationFn: (body: { readonly username: string; readonly password: string }) => call('login', { body }),
    onSuccess: () => {
      client.clear()
      void navigate({ href: nextPath(next), replace: true })
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    login.mutate({ username: String(form.get('username')), password: String(form.get('password')) })
  }
  return (
    <main className="mx-auto mt-[12vh] max-w-sm p-4">
      <form onSubmit={submit} className="rounded-xl border border-line bg-surface p-6 shadow-sm">
        <PageTitle text="Log in to Crew" />
        <TextField
          label="User name"
          name="username"
          autoComplete="username"
          defaultValue="admin"
          required
          maxLength={256}
        />
        <TextField
          label="Password"
          name="password"
          type={isShown ? 'text' : 'password'}
          autoComplete="current-password"
          autoFocus
          required
          maxLength={256}
        />
        <CheckField label="Show the password" checked={isShown} onChange={({ target }) => setShown(target.checked)} />
        {login.error && (
          <p role="alert" className="mt-3 text-danger">
            {messageOf(login.error)}
          </p>
        )}
        <Button type="submit" look="primary" className="mt-4 w-full" isBusy={login.isPending}>
          {login.isPending ? 'Logging in…' : 'Log in'}
        </Button>
        <p className="mt-4 text-soft">The first start of the server printed the password of admin.</p>
      </form>
    </main>
  )
}
