import { toast } from '../shell/toasts.ts'

/** Copies text, also where a page over plain HTTP has no clipboard. */
export async function copyText(text: string, what: string): Promise<void> {
  const isCopied = navigator.clipboard ? await writeClipboard(text) : copyBySelection(text)
  if (isCopied) toast.success(`Copied ${what}`)
  else toast.failure(`The browser refused to copy ${what}`)
}

const writeClipboard = (text: string): Promise<boolean> =>
  navigator.clipboard.writeText(text).then(
    () => true,
    () => copyBySelection(text),
  )

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  return isCopied
}
