import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const SAME_SIGNAL_MS = 500 // one Ctrl-C may arrive twice: from the terminal and from npm
const PARENT_POLL_MS = 500
const KILL_AFTER_MS = 45_000 // a server may drain for 30 s (CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS) before it exits

/**
 * Runs a command until it ends and answers `{ code, signalled }`. While it runs, signals are passed on to it, and it is
 * told to stop when our own parent goes away: npm runs scripts through a shell that does neither, and a server would stay.
 * The command gets a process group of its own, so that a Ctrl-C reaches it once, through us.
 */
export function runInForeground(command, args, { sameSignalMs = SAME_SIGNAL_MS } = {}) {
  // Before there is a command: it may be up and about before we get our next turn, and a signal without a listener would end us.
  const forwarding = forwardSignals((signal) => child.kill(signal), sameSignalMs)
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: process.platform !== 'win32',
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
    env: { ...process.env, CREW_DEV_PID: String(process.pid) },
  })
  const watching = watchParent(child)
  return new Promise((resolve) => {
    const finish = (code) => {
      forwarding.stop()
      watching.stop()
      resolve({ code, signalled: forwarding.count() > 0 || watching.isOrphaned() })
    }
    child.once('error', (error) => {
      console.error(`crew: ${command} could not be started: ${error.message}`)
      finish(127)
    })
    child.once('exit', (code, signal) => finish(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

function forwardSignals(send, sameSignalMs) {
  const lastSentAt = new Map()
  const forward = (signal) => {
    const now = performance.now()
    if (now - (lastSentAt.get(signal) ?? Number.NEGATIVE_INFINITY) < sameSignalMs) return
    lastSentAt.set(signal, now)
    send(signal)
  }
  for (const signal of SIGNALS) process.on(signal, forward)
  return {
    count: () => lastSentAt.size,
    stop: () => {
      for (const signal of SIGNALS) process.off(signal, forward)
    },
  }
}

function watchParent(child) {
  const isOrphaned = orphanCheck()
  let killTimer
  const poll = setInterval(() => {
    if (!isOrphaned()) return
    clearInterval(poll)
    child.kill('SIGTERM')
    killTimer = setTimeout(() => killGroup(child), KILL_AFTER_MS)
  }, PARENT_POLL_MS)
  return {
    isOrphaned: () => killTimer !== undefined,
    stop: () => {
      clearInterval(poll)
      clearTimeout(killTimer)
    },
  }
}

/** Between npm and us stands a shell that outlives a `kill -9` of npm: then it is the shell's parent that tells. */
function orphanCheck() {
  const parent = process.ppid
  const parentOfShell = process.env.npm_lifecycle_event && isShell(parent) ? parentOf(parent) : undefined
  return () => process.ppid !== parent || (parentOfShell !== undefined && parentOf(parent) !== parentOfShell)
}

// From /proc, so on Linux alone: the shell of macOS replaces itself by the command it is given.
const isShell = (pid) => /^(sh|dash|bash|ash|busybox)$/.test(readProc(pid, 'comm').trim())
const parentOf = (pid) => readProc(pid, 'stat').split(') ').at(-1)?.split(' ')[1]

function readProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return '' // no /proc here, or the process is gone: both are answers
  }
}

function killGroup(child) {
  if (process.platform === 'win32') child.kill('SIGKILL')
  else process.kill(-child.pid, 'SIGKILL')
}
