/** A system that Crew is released for. */
export interface Target {
  /** The words of Node: `process.platform`, `process.arch`, and `musl` where the C library is not glibc. Files and packages carry it. */
  readonly name: string
  readonly os: 'linux' | 'darwin' | 'win32'
  readonly cpu: 'x64' | 'arm64'
  readonly libc?: 'glibc' | 'musl'
  /** What `bun build --target` calls it. */
  readonly bunTarget: string
  /** The npm package that holds the Bun of this system. */
  readonly runtimePackage: string
}

export const TARGETS: readonly Target[] = [
  linux('x64', 'glibc'),
  linux('arm64', 'glibc'),
  linux('x64', 'musl'),
  linux('arm64', 'musl'),
  other('darwin', 'x64'),
  other('darwin', 'arm64'),
  other('win32', 'x64'),
]

/** The name of a program on that system. */
export const programOf = ({ os }: Target, name: string): string => (os === 'win32' ? `${name}.exe` : name)

/** The targets with these names, all without one. Throws with the names that there are. */
export function targetsNamed(names: readonly string[]): readonly Target[] {
  const unknown = names.find((name) => !TARGETS.some((target) => target.name === name))
  if (unknown === undefined) return TARGETS.filter(({ name }) => names.length === 0 || names.includes(name))
  const known = TARGETS.map(({ name }) => name).join(', ')
  throw new Error(`"${unknown}" is no target: expected one of ${known}`)
}

function linux(cpu: Target['cpu'], libc: 'glibc' | 'musl'): Target {
  const suffix = libc === 'musl' ? '-musl' : ''
  return { os: 'linux', cpu, libc, name: `linux-${cpu}${suffix}`, ...bunNames('linux', cpu, suffix) }
}

function other(os: 'darwin' | 'win32', cpu: Target['cpu']): Target {
  return { os, cpu, name: `${os}-${cpu}`, ...bunNames(os === 'win32' ? 'windows' : os, cpu, '') }
}

function bunNames(os: string, cpu: Target['cpu'], suffix: string): Pick<Target, 'bunTarget' | 'runtimePackage'> {
  const packageCpu = cpu === 'arm64' ? 'aarch64' : cpu
  return { bunTarget: `bun-${os}-${cpu}${suffix}`, runtimePackage: `@oven/bun-${os}-${packageCpu}${suffix}` }
}
