import { closeSync, openSync, readSync } from 'node:fs'

/** What the first bytes of a program say it is for, in the words of Node. */
export interface BinaryFormat {
  readonly os: 'linux' | 'darwin' | 'win32'
  readonly cpu: string
  /** The loader that the program asks for; Linux only. */
  readonly loader?: string
}

const HEADER_BYTES = 4096
const ELF_INTERPRETER = 3
const ELF_MACHINES: Record<number, string> = { 62: 'x64', 183: 'arm64' }
const MACHO_CPUS: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' }
const PE_MACHINES: Record<number, string> = { 34404: 'x64', 43620: 'arm64' }

/** Reads the header of an ELF, Mach-O or PE file of 64 bits, by the specifications of these formats. */
export function binaryFormat(path: string): BinaryFormat {
  const header = firstBytes(path)
  if (header.readUInt32BE(0) === 0x7f454c46) return elf(header)
  if (header.readUInt32LE(0) === 0xfeedfacf)
    return { os: 'darwin', cpu: MACHO_CPUS[header.readUInt32LE(4)] ?? 'unknown' }
  if (header.toString('latin1', 0, 2) === 'MZ') return pe(header)
  throw new Error(`${path} is neither ELF, Mach-O nor PE`)
}

function elf(header: Buffer): BinaryFormat {
  const cpu = ELF_MACHINES[header.readUInt16LE(18)] ?? 'unknown'
  const start = Number(header.readBigUInt64LE(32))
  const size = header.readUInt16LE(54)
  const segments = Array.from({ length: header.readUInt16LE(56) }, (_, index) => start + index * size)
  const segment = segments.find((at) => header.readUInt32LE(at) === ELF_INTERPRETER)
  if (segment === undefined) return { os: 'linux', cpu }
  const at = Number(header.readBigUInt64LE(segment + 8))
  const length = Number(header.readBigUInt64LE(segment + 32))
  return { os: 'linux', cpu, loader: header.toString('latin1', at, at + length - 1) }
}

function pe(header: Buffer): BinaryFormat {
  const at = header.readUInt32LE(0x3c)
  if (header.toString('latin1', at, at + 4) !== 'PE\0\0') throw new Error('a DOS program without a PE header')
  return { os: 'win32', cpu: PE_MACHINES[header.readUInt16LE(at + 4)] ?? 'unknown' }
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, HEADER_BYTES, 0)
    return bytes
  } finally {
    closeSync(file)
  }
}
