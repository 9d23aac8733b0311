import { prettyText } from './pretty-json.ts'

/** Indents what is sent to it: 5 MB take a good part of a second, in which the page must not stand still. */
addEventListener('message', ({ data }: MessageEvent<string>) => postMessage(prettyText(data)))
