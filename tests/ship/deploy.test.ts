import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileNamesOf, namesOf, SETTING_KEYS, SETTINGS, type SettingKey } from '../../server/settings/settings-table.ts'
import { VERSION } from '../../server/version.ts'
import { makeApi } from '../api/make-api.ts'
import { NOBODY } from './support/own-root.ts'
import { documentsOf, type Yaml } from './support/yaml.ts'

const root = join(import.meta.dirname, '../..')
const deploy = join(root, 'deploy')
const PORT = Number(SETTINGS.port.fallback)
const SHUTDOWN_SECONDS = Number(SETTINGS.shutdownTimeoutInMilliseconds.fallback) / 1000

/** By every name that the environment may have for it. */
const settingByEnv = new Map<string, SettingKey>(
  SETTING_KEYS.flatMap((key) =>
    [namesOf(key).env, ...(SETTINGS[key].isSecret ? [fileNamesOf(key).env] : [])].map((name) => [name, key] as const),
  ),
)

/** Sentences about variables that are no setting, or whose value the server would refuse. */
function faultsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const key = settingByEnv.get(name)
    if (key === undefined) return [`${name} is no setting`]
    const isUsable = value === undefined || name.endsWith('_FILE') || SETTINGS[key].kind.parse(value) !== undefined
    return isUsable ? [] : [`${name} is "${value}"`]
  })
}

test('every file of YAML and JSON can be read', () => {
  const files = readdirSync(deploy, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  const yaml = paths.filter((path) => /\.ya?ml$/.test(path))
  expect(yaml.length).toBeGreaterThan(8)
  for (const path of yaml) expect(documentsOf(path), relative(root, path)).not.toContain(null)
  for (const path of paths.filter((each) => each.endsWith('.json'))) JSON.parse(readFileSync(path, 'utf8'))
})

describe('compose.yaml', () => {
  const [{ services, secrets, volumes }] = documentsOf(join(deploy, 'compose.yaml')) as [Yaml]

  test('sets nothing that Crew does not know', () => {
    expect(faultsOf(services.crew.environment)).toEqual([])
  })

  test('names the image by its version, and every other one exactly', () => {
    const images = Object.values<Yaml>(services).map(({ image }) => image)
    expect(services.crew.image).toBe(`crew:${VERSION}`)
    expect(images.filter((image) => !/:v?\d+\.\d+\.\d+/.test(image))).toEqual([])
  })

  test('lets only this machine in, at the port that the image has', () => {
    const ports = Object.values<Yaml>(services).flatMap((service) => service.ports ?? [])
    expect(ports.filter((port: string) => !port.startsWith('127.0.0.1:'))).toEqual([])
    expect(services.crew.ports).toEqual([`127.0.0.1:${PORT}:${PORT}`])
  })

  test('gives attempts more time to finish than Crew takes, and nothing to write to', () => {
    expect(Number.parseInt(services.crew.stop_grace_period, 10)).toBeGreaterThan(SHUTDOWN_SECONDS)
    expect(services.crew).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.any(String),
      pids_limit: expect.any(Number),
    })
  })

  test('has a Redis that keeps what it is told', () => {
    expect(services.redis.command.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction')
    expect(services.redis.volumes).toEqual(['redis:/data'])
  })

  test('mounts only what is there', () => {
    const mounts = Object.values<Yaml>(services).flatMap((service) => service.volumes ?? []) as string[]
    const sources = mounts.map((mount) => mount.split(':')[0] ?? '')
    const missing = sources.filter((each) =>
      each.startsWith('./') ? !existsSync(join(deploy, each)) : !(each in volumes),
    )
    expect(missing).toEqual([])
    const used = Object.values<Yaml>(services).flatMap((service) => service.secrets ?? [])
    expect([...new Set(used)].filter((name) => !(name in secrets))).toEqual([])
  })

  test('keeps Prometheus and Grafana for the profile monitoring', () => {
    const profiled = Object.entries<Yaml>(services).filter(([, service]) => service.profiles?.includes('monitoring'))
    expect(profiled.map(([name]) => name)).toEqual(['prometheus', 'grafana'])
  })
})

describe.each([
  ['sqlite', 'StatefulSet'],
  ['redis', 'Deployment'],
])('k8s/%s', (folder, kind) => {
  const documents = documentsOf(join(deploy, 'k8s', folder, 'crew.yaml'))
  const of = (wanted: string) => documents.find((each) => each.kind === wanted)
  const pod = of(kind).spec.template.spec
  const [container] = pod.containers

  test('sets nothing that Crew does not know, and reads only secrets that the example has', () => {
    const env = container.env as { name: string; value?: string; valueFrom?: Yaml }[]
    expect(faultsOf(Object.fromEntries(env.map(({ name, value }) => [name, value])))).toEqual([])
    const [secret] = documentsOf(join(deploy, 'k8s/secret.example.yaml'))
    const keys = env.flatMap(({ valueFrom }) => (valueFrom ? [valueFrom.secretKeyRef.key] : []))
    expect(keys.filter((key) => !(key in secret.stringData))).toEqual([])
  })

  test('listens where the service and the probes look, and is not told of other services', () => {
    expect(container.ports).toEqual([{ name: 'http', containerPort: PORT }])
    expect(of('Service').spec.ports).toEqual([{ name: 'http', port: PORT, targetPort: 'http' }])
    expect(pod.enableServiceLinks).toBe(false)
  })

  test('asks for its health where Crew answers, and for its readiness apart', async () => {
    const { paths } = (await (await makeApi()).call('GET', '/openapi.json')).json()
    const asked = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet.path)
    expect(asked).toEqual(['/livez', '/livez', '/readyz'])
    expect(asked.filter((path) => !(path in paths))).toEqual([])
  })

  test('is nobody, and writes to nothing but its volume', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.resources.limits.memory).toMatch(/^\d+(Mi|Gi)$/)
  })

  test('has more time to stop than attempts have to finish', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(SHUTDOWN_SECONDS)
  })

  test('a drain of its node neither takes all servers nor waits for ever', () => {
    const { replicas } = of(kind).spec
    const { minAvailable = 0, maxUnavailable = replicas - minAvailable } = of('PodDisruptionBudget').spec
    expect(maxUnavailable).toBe(1)
  })

  test('the service, the budget and the pods have one label', () => {
    const labels = of(kind).spec.template.metadata.labels
    expect([of('Service').spec.selector, of('PodDisruptionBudget').spec.selector.matchLabels]).toEqual([labels, labels])
    const [monitor] = documentsOf(join(deploy, 'k8s/servicemonitor.yaml'))
    expect(of('Service').metadata.labels).toEqual(monitor.spec.selector.matchLabels)
  })
})

test('nobody can run with the secrets of the example', () => {
  const [{ stringData }] = documentsOf(join(deploy, 'k8s/secret.example.yaml')) as [Yaml]
  const env = {
    CREW_AUTH_TOKEN: stringData['auth-token'],
    CREW_SECRET_KEY: stringData['secret-key'],
    CREW_STORAGE: stringData.storage,
  }
  expect(faultsOf(env)).toHaveLength(3)
})

describe('systemd/crew.service', () => {
  const text = readFileSync(join(deploy, 'systemd/crew.service'), 'utf8')
  const valuesOf = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value ?? '')

  test('sets nothing that Crew does not know, in the folder that is kept for it', () => {
    expect(
      faultsOf(Object.fromEntries(valuesOf('Environment').map((pair) => pair.split('=') as [string, string]))),
    ).toEqual([])
    expect(valuesOf('Environment')).toEqual([`CREW_STORAGE=sqlite:/var/lib/${valuesOf('StateDirectory')[0]}/crew.db`])
  })

  test('has more time to stop than attempts have to finish, and is not started again with wrong settings', () => {
    expect(Number(valuesOf('TimeoutStopSec')[0])).toBeGreaterThan(SHUTDOWN_SECONDS)
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['2'])
  })

  test('systemd finds no fault in it, and little that it may do', (context) => {
    if (spawnSync('systemd-analyze', ['--version']).error) return context.skip('there is no systemd on this machine')
    const folder = mkdtempSync(join(tmpdir(), 'crew-unit-'))
    try {
      const unit = join(folder, 'crew.service')
      // A program that is there, in place of the one that is not installed.
      writeFileSync(unit, text.replaceAll('/usr/local/bin/crew', process.execPath))
      execFileSync('systemd-analyze', ['verify', unit])
      execFileSync('systemd-analyze', ['security', '--offline=yes', '--threshold=20', unit], { stdio: 'ignore' }) // of 100
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

test('the worker of compose.yaml answers as a worker does, and ends when it is told to', async () => {
  const child = spawn(process.execPath, [join(deploy, 'worker/worker.mjs')], { env: { PORT: '0' }, timeout: 60_000 })
  const ended = once(child, 'exit')
  const [line] = await once(child.stdout, 'data')
  const [, port] = /listens at (\d+)/.exec(String(line)) ?? []
  const body = JSON.stringify({ worker: 'greet', input: { name: 'Ada' }, parents: [] })
  const answer = await fetch(`http://127.0.0.1:${port}/greet`, {
    method: 'POST',
    body,
    headers: { connection: 'close' },
  })
  expect(await answer.json()).toEqual({ output: { worker: 'greet', input: { name: 'Ada' }, parents: 0 } })
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
