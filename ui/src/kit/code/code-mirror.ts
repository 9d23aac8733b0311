import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json, jsonParseLinter } from '@codemirror/lang-json'
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { linter, lintGutter, lintKeymap } from '@codemirror/lint'
import {
  closeSearchPanel,
  highlightSelectionMatches,
  openSearchPanel,
  search,
  searchKeymap,
  searchPanelOpen,
} from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { codeLook } from './code-look.ts'

/** A field of code on the page. */
export interface Code {
  /** Puts another text in; the same one changes nothing. */
  setText(text: string): void
  focus(): void
  /** Goes on where somebody was typing. */
  select(selected: Selected): void
  /** Opens the search, or goes to its field. */
  find(): void
  /** Whether there was a search to close. */
  closeFind(): boolean
  close(): void
}

/** What is selected, in characters from the start. */
export interface Selected {
  readonly from: number
  readonly to: number
}

export interface CodeOptions {
  readonly host: HTMLElement
  readonly text: string
  /** What it is, for who does not see it. */
  readonly label: string
  readonly hint?: string | undefined
  /** Without it the text is to be read only. */
  readonly onChange?: ((text: string) => void) | undefined
}

/**
 * CodeMirror in a shadow root: there its styles are a constructed sheet, which the policy allows; in the page itself they would be
 * a `<style>`, which it forbids.
 */
export function openCode({ host, text, label, hint, onChange }: CodeOptions): Code {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  // What is in there, as asking the view would put 5 MB together each time.
  let current = text
  const note = (typed: string): void => {
    current = typed
    onChange?.(typed)
  }
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [common, onChange ? toWrite(note) : toRead, named(label, hint)],
    }),
  })
  return {
    setText: (next) => {
      if (next === current) return
      current = next
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } })
    },
    focus: () => view.focus(),
    select: ({ from, to }) => {
      view.dispatch({ selection: { anchor: from, head: to } })
      view.focus()
    },
    find: () => void openSearchPanel(view),
    closeFind: () => searchPanelOpen(view.state) && closeSearchPanel(view),
    close: () => view.destroy(),
  }
}

const common: Extension = [
  lineNumbers(),
  foldGutter(),
  codeFolding(),
  // A right-to-left override in a payload is shown as what it is, and turns nothing around.
  highlightSpecialChars(),
  bracketMatching(),
  highlightSelectionMatches(),
  search({ top: true }),
  json(),
  codeLook,
  keymap.of([...searchKeymap, ...foldKeymap]),
]

/** It can be focused and searched, and opens no keyboard on a phone. */
const toRead: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: '0', 'aria-readonly': 'true' }),
]

/** Tab is left to the page, so that nobody is caught in here. */
const toWrite = (onChange: (text: string) => void): Extension => [
  history(),
  indentOnInput(),
  linter(jsonParseLinter()),
  lintGutter(),
  keymap.of([...defaultKeymap.filter(({ key }) => key !== 'Escape'), ...historyKeymap, ...lintKeymap]),
  EditorView.domEventHandlers({ beforeinput: replaceSelected }),
  EditorView.updateListener.of(({ docChanged, state }) => {
    if (docChanged) onChange(state.doc.toString())
  }),
]

const named = (label: string, hint: string | undefined): Extension =>
  EditorView.contentAttributes.of({ 'aria-label': label, ...(hint !== undefined && { 'aria-description': hint }) })

/**
 * Typing over a selection. Left to Chromium, it would keep the look of what was there by a style attribute, which the policy
 * forbids and the console complains of.
 */
function replaceSelected(event: InputEvent, view: EditorView): boolean {
  if (event.inputType !== 'insertText' || event.isComposing || event.data === null) return false
  const { from, to } = selectedIn(view)
  if (from === to) return false
  const insert = view.state.toText(event.data)
  const selection = { anchor: from + insert.length }
  view.dispatch({ changes: { from, to, insert }, selection, userEvent: 'input.type', scrollIntoView: true })
  event.preventDefault()
  return true
}

/** As the browser has it, where it tells of a shadow root: the view hears of a selection a moment later. */
function selectedIn(view: EditorView): { readonly from: number; readonly to: number } {
  const root = view.root as ShadowRoot & { getSelection?(): Selection | null }
  const selection = root.getSelection?.()
  if (!selection || selection.rangeCount === 0) return view.state.selection.main
  const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0)
  if (!view.contentDOM.contains(startContainer) || !view.contentDOM.contains(endContainer))
    return view.state.selection.main
  return { from: view.posAtDOM(startContainer, startOffset), to: view.posAtDOM(endContainer, endOffset) }
}
