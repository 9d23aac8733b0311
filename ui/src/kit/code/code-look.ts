import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/** The colours are the variables of styles.css, which reach into the shadow root and follow the theme. */
const theme = EditorView.theme({
  '&': {
    backgroundColor: 'var(--sunken)',
    color: 'var(--ink)',
    fontSize: '13px',
    height: '100%',
    maxHeight: 'inherit',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--font-code)', lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--soft)', border: 'none' },
  '.cm-foldGutter span': { cursor: 'pointer', padding: '0 4px' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--surface)',
    borderColor: 'var(--edge)',
    color: 'var(--soft)',
    padding: '0 6px',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--line)' },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in srgb, var(--state-retrying) 25%, transparent)' },
  '.cm-searchMatch-selected': { outline: '2px solid var(--state-retrying)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--line)' },
  '.cm-specialChar': { color: 'var(--danger)' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--ink)', borderBottom: '1px solid var(--line)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panel.cm-search': { fontFamily: 'inherit', fontSize: '14px', padding: '6px 36px 6px 8px' },
  '.cm-panel.cm-search label': {
    fontSize: '14px',
    display: 'inline-flex',
    alignItems: 'center',
    minHeight: '28px',
    verticalAlign: 'middle',
  },
  '.cm-panel.cm-search input[type=checkbox]': { width: '16px', height: '16px', marginRight: '4px' },
  '.cm-panel.cm-search [name=close]': {
    color: 'var(--ink)',
    minWidth: '28px',
    minHeight: '28px',
    fontSize: '18px',
    cursor: 'pointer',
  },
  // A phone has room for the text that is searched for, and for what is found.
  '@media (width < 40rem)': {
    '.cm-panel.cm-search': { whiteSpace: 'nowrap' },
    '.cm-panel.cm-search .cm-textfield': { width: '9em' },
    '.cm-panel.cm-search label, .cm-panel.cm-search br': { display: 'none' },
    '.cm-panel.cm-search [name=select]': { display: 'none' },
    '.cm-panel.cm-search [name=replace], .cm-panel.cm-search [name=replaceAll]': { display: 'none' },
  },
  '.cm-textfield': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--edge)',
    borderRadius: '6px',
    color: 'var(--ink)',
    fontSize: '14px',
    minHeight: '28px',
    padding: '2px 8px',
  },
  '.cm-button': {
    backgroundColor: 'var(--surface)',
    backgroundImage: 'none',
    border: '1px solid var(--edge)',
    borderRadius: '6px',
    color: 'var(--ink)',
    cursor: 'pointer',
    fontSize: '14px',
    minHeight: '28px',
    padding: '2px 10px',
  },
  '.cm-button:active': { backgroundImage: 'none', backgroundColor: 'var(--sunken)' },
  '.cm-textfield:focus-visible, .cm-button:focus-visible': {
    outline: '2px solid var(--accent)',
    outlineOffset: '1px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--edge)',
    borderRadius: '6px',
    color: 'var(--ink)',
  },
  '.cm-diagnostic': { fontFamily: 'inherit', fontSize: '14px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--danger)' },
})

/** All of these are at least 4.5:1 on the sunken surface, in both themes. */
const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-value)' },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: 'var(--soft)' },
])

export const codeLook: Extension = [theme, syntaxHighlighting(highlight)]
