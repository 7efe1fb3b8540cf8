// The only file that starts credential plugins.

import { type ChildProcess, spawn } from 'node:child_process'
import { valueAt } from '../../decode/fields.ts'
import { parseJson } from '../watch-event.ts'
import type { PluginCall } from './kubeconfig.ts'

/** The credential that a plugin printed. */
export interface PluginCredential {
  readonly kind: 'credential'
  readonly token: string | undefined
  /** Certificate and key in PEM: both are there, or neither. */
  readonly certificate: string | undefined
  readonly key: string | undefined
  /** How long it is valid, in milliseconds; if undefined, until the API server refuses it. */
  readonly lastsMs: number | undefined
}

export interface PluginFailure {
  readonly kind: 'failed'
  readonly reason: string
}

interface PluginLimits {
  /** Milliseconds after which a plugin that has not ended is killed. */
  readonly lastsAtMost: number
}

const usualLimits: PluginLimits = { lastsAtMost: 30_000 }
/** The longest output of a plugin, in bytes. */
const LONGEST_OUTPUT = 1 << 20
/** How much of a plugin's error output is shown, in characters. */
const SHOWN = 500

/**
 * Runs a plugin and returns the credential from the ExecCredential that it prints, or why there is
 * none. The plugin and the processes it started are killed when it takes too long or `signal`
 * aborts. Never rejects.
 */
export async function askPlugin(
  plugin: PluginCall,
  signal: AbortSignal,
  limits: PluginLimits = usualLimits,
): Promise<PluginCredential | PluginFailure> {
  const ended = await run(plugin, signal, limits)
  if (ended.kind === 'failed') {
    return { kind: 'failed', reason: `the credential plugin ${plugin.command} ${ended.reason}` }
  }
  const answer = readCredential(parseJson(ended.output), plugin.apiVersion)
  if (typeof answer !== 'string') return answer
  return { kind: 'failed', reason: `the credential plugin ${plugin.command} ${answer}` }
}

type Run = { readonly kind: 'ended'; readonly output: string } | PluginFailure

function run(plugin: PluginCall, signal: AbortSignal, { lastsAtMost }: PluginLimits): Promise<Run> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(failed('is not started: the agent ends'))
    const started = start(plugin)
    if (started instanceof Error) return resolve(failed(notStarted(started, plugin)))
    const child = started
    const alarm = setTimeout(() => stop(`did not end within ${lastsAtMost / 1000} s`), lastsAtMost)
    const onAbort = (): void => stop('was stopped: the agent ends')
    signal.addEventListener('abort', onAbort)
    let [output, said] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > LONGEST_OUTPUT) stop('prints more than 1 MiB')
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SHOWN)
    })
    child.on('error', (error) => end(failed(notStarted(error, plugin))))
    child.on('close', (code, by) => {
      if (code === 0) return end({ kind: 'ended', output })
      end(failed(`ended with ${code === null ? by : `code ${code}`}: ${said.trim()}`))
    })
    function stop(reason: string): void {
      kill(child)
      end(failed(reason))
    }
    function end(ending: Run): void {
      clearTimeout(alarm)
      signal.removeEventListener('abort', onAbort)
      resolve(ending)
    }
  })
}

function start({ command, args, env, apiVersion, cluster }: PluginCall): ChildProcess | Error {
  const asked = { apiVersion, kind: 'ExecCredential', spec: { interactive: false, cluster } }
  try {
    return spawn(command, args, {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(asked) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that what the plugin starts is killed with it.
      detached: true,
    })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

function notStarted(error: Error, { installHint }: PluginCall): string {
  const missing = 'code' in error && error.code === 'ENOENT'
  const reason = missing ? 'does not exist' : `cannot be started: ${error.message}`
  return installHint === undefined ? reason : `${reason}; ${installHint.trim()}`
}

function failed(reason: string): PluginFailure {
  return { kind: 'failed', reason }
}

/** Returns the credential, or in words why the output is none. */
function readCredential(printed: unknown, apiVersion: string): PluginCredential | string {
  if (printed === undefined) return 'prints no JSON'
  const version = valueAt(printed, ['apiVersion'])
  if (valueAt(printed, ['kind']) !== 'ExecCredential' || version !== apiVersion) {
    return `prints ${version} ${valueAt(printed, ['kind'])}, not ${apiVersion} ExecCredential`
  }
  const textAt = (name: string): string | undefined => {
    const value = valueAt(printed, ['status', name])
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const token = textAt('token')
  const [certificate, key] = [textAt('clientCertificateData'), textAt('clientKeyData')]
  if ((certificate === undefined) !== (key === undefined)) {
    return `prints a client ${key === undefined ? 'certificate without its key' : 'key without its certificate'}`
  }
  if (token === undefined && key === undefined) {
    return 'prints neither a token nor a client certificate'
  }
  // This is the only use of the wall clock here; from now on the time is a duration.
  const lastsMs = Date.parse(textAt('expirationTimestamp') ?? '') - Date.now()
  return {
    kind: 'credential',
    token,
    certificate,
    key,
    lastsMs: Number.isNaN(lastsMs) ? undefined : lastsMs,
  }
}
