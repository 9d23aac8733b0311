import { Type } from 'typebox'
import type { ApiDeps, ApiInstance } from '../api-deps.ts'
import { sendJson, sendText } from '../present/send.ts'
import { answers, bodyRefusals, json, text } from '../schemas/answers.ts'

/** PROOF S4: a longer password is refused before any hashing. */
const MAX_CREDENTIAL_LENGTH = 256

/** Logging in, and asking whether one is. */
export function loginRoutes(app: ApiInstance, { auth }: ApiDeps): void {
  app.post('/login', { schema: schemas.login, config: { isOpen: true } }, async ({ body, ip }, reply) => {
    const token = await auth.login(body.username, body.password, ip)
    return sendJson(reply, JSON.stringify({ token }))
  })
  app.get('/authcheck', { schema: schemas.check }, async (_request, reply) => sendText(reply, 'Authenticated!'))
}

const tags = ['Login']
const credential = (description: string) => Type.String({ minLength: 1, maxLength: MAX_CREDENTIAL_LENGTH, description })

const schemas = {
  login: {
    tags,
    operationId: 'login',
    summary: 'Log in',
    description: 'The token is good for a day: send it as `Authorization: Bearer TOKEN`.',
    security: [],
    body: Type.Object({
      username: credential('CREW_AUTH_USERNAME, or admin.'),
      password: credential('CREW_AUTH_PASSWORD, or what the first start printed.'),
    }),
    response: answers(json('Logged in.', Type.Object({ token: Type.String() })), [
      'login_failed',
      'too_many_requests',
      ...bodyRefusals,
    ]),
  },
  check: {
    tags,
    operationId: 'checkLogin',
    summary: 'Check a token',
    response: answers(text('`Authenticated!`'), ['unauthorized']),
  },
}
