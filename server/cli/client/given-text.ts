import { SettingError } from '../../settings/setting-error.ts'

/** Where text comes from that is not on the command line. */
export interface FileWorld {
  /** Null when there is no such file. */
  readonly readFile: (path: string) => string | null
  /** All of stdin. */
  readonly readStdin: () => Promise<string>
}

/** `@FILE` is what the file holds, `-` what stdin does, anything else itself. */
export async function readFileOrStdin(written: string, world: FileWorld): Promise<string> {
  if (written === '-') return await world.readStdin()
  return written.startsWith('@') ? fileText(written.slice(1), world) : written
}

/** What a file holds, `-` being stdin. */
export async function givenText(path: string, world: FileWorld): Promise<string> {
  return path === '-' ? await world.readStdin() : fileText(path, world)
}

function fileText(path: string, { readFile }: FileWorld): string {
  const text = readFile(path)
  if (text === null) throw new SettingError(`${path} is no file: check its name.`)
  return text
}
