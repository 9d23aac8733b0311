import type { FastifyReply } from 'fastify'
import { pageHeaders } from '../security-headers.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const HTML_TYPE = 'text/html; charset=utf-8'

/** Sends JSON text as it is. */
export const sendJson = (reply: FastifyReply, json: string): FastifyReply => reply.type(JSON_TYPE).send(json)

export const sendText = (reply: FastifyReply, text: string): FastifyReply => reply.type(TEXT_TYPE).send(text)

export const sendHtml = (reply: FastifyReply, html: string): FastifyReply =>
  reply.headers(pageHeaders).type(HTML_TYPE).send(html)

/** crew-go's answer to what it did. */
export const sendSuccess = (reply: FastifyReply): FastifyReply => sendJson(reply, '{"success":true}')

/** crew-go's answer to a deletion. */
export function sendDeleted(reply: FastifyReply, id: string): FastifyReply {
  return sendJson(reply, JSON.stringify({ id, deleted: true }))
}
