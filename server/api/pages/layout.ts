import type { FastifyReply } from 'fastify'
import { sendHtml } from '../present/send.ts'
import { stylePolicy } from '../security-headers.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 0 } p { margin: .2rem 0 } dt, th { font-weight: 600; text-align: left } dd { margin: 0 0 .6rem }
table { border-collapse: collapse; width: 100% } td, th { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884 }
code { font-size: .95em } a { color: LinkText }
`
const policy = stylePolicy(style)

/** Sends a page without scripts; its policy lets in nothing but its own style sheet. */
export function sendPage(reply: FastifyReply, page: { readonly title: string; readonly body: string }): FastifyReply {
  reply.header('content-security-policy', policy)
  return sendHtml(
    reply,
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${style}</style>
${page.body}
</html>
`,
  )
}

/** Text that is only text, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
