import { errorAdvice } from '../../core/error-advice.ts'
import { type ErrorCode, errorCatalogue } from '../../core/errors.ts'
import { escapeHtml } from './layout.ts'

/** What `type` of every problem points to: a section for each code. */
export function errorsPage(): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  return `<h1>Errors</h1>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Its <code>code</code> is one of these and never
changes; <code>detail</code> says what happened, <code>errors</code> where, <code>instance</code> is the request id in
the log.</p>
${codes.map(section).join('\n')}`
}

function section(code: ErrorCode): string {
  const { status, title } = errorCatalogue[code]
  const { when, todo, isTransient } = errorAdvice[code]
  return `<h2 id="${code}"><code>${code}</code></h2>
<p>${status} ${escapeHtml(title)}${isTransient ? ' · passes' : ''}</p>
<dl><dt>When</dt><dd>${withCode(when)}</dd><dt>What to do</dt><dd>${withCode(todo)}</dd></dl>`
}

const withCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
