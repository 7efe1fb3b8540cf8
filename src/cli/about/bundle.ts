import { writeFileSync } from 'node:fs'
import { unreachable } from '../../model/unreachable.ts'
import { readStatus } from '../../report/status/status-socket.ts'
import type { BundleOptions } from '../about-arguments.ts'
import { TROUBLE } from '../arguments.ts'
import type { BinaryOutput } from '../output.ts'
import { configText } from './config.ts'
import { type Found, logTail, metricsAt, rulesOfKernel, sysctls } from './node-parts.ts'
import { objectsOfFiles, objectsOfServer } from './objects-part.ts'
import { shownText } from './redact.ts'
import { type TarFile, tarGz } from './tar.ts'
import { versionsAsJson } from './versions.ts'

/** A part of the bundle, by the name of its file. */
type Part = readonly [name: string, found: Found]

/**
 * Runs `nodelb bundle`: writes what a report of a bug needs into one file. What cannot be had is said in
 * it, and stops nothing. Returns 2 only if the file cannot be written.
 */
export async function bundleCommand(
  options: BundleOptions,
  version: string,
  output: BinaryOutput,
): Promise<number> {
  const parts: readonly Part[] = [
    ['versions.json', { kind: 'found', text: await versionsAsJson(version) }],
    ['status.json', await statusAt(options.statusSocket)],
    ['config.txt', configOf(options)],
    ['log.txt', logTail(options.log)],
    ['metrics.txt', await metricsAt(options.listen)],
    ['rules.txt', await rulesOfKernel()],
    ['sysctls.txt', sysctls()],
    ['objects.yaml', await objectsFor(options, version)],
  ]
  const files = parts.flatMap(([name, found]): TarFile[] =>
    found.kind === 'found' ? [{ name: `nodelb/${name}`, text: shownText(found.text) }] : [],
  )
  const summary = { name: 'nodelb/summary.txt', text: shownText(summaryOf(parts)) }
  const written = write(options.file, tarGz([summary, ...files], Date.now() / 1000), output)
  if (written !== undefined) {
    output.say(`nodelb: ${written}`)
    return TROUBLE
  }
  output.say(summary.text.trimEnd())
  return 0
}

/** Returns a line for each part: how large it is, or why it is not there. */
function summaryOf(parts: readonly Part[]): string {
  const lines = parts.map(([name, found]) => {
    const what =
      found.kind === 'found' ? `${Buffer.byteLength(found.text)} bytes` : `not there: ${found.why}`
    return `${name.padEnd(14)}  ${what}\n`
  })
  return lines.join('')
}

async function statusAt(socket: string): Promise<Found> {
  const answer = await readStatus(socket)
  switch (answer.kind) {
    case 'status':
      return { kind: 'found', text: `${JSON.stringify(answer.status, null, 2)}\n` }
    case 'not-running':
      return { kind: 'missing', why: `no agent answers at ${socket}` }
    case 'failed':
      return { kind: 'missing', why: answer.reason }
    default:
      return unreachable(answer)
  }
}

function configOf({ config }: BundleOptions): Found {
  const { text, lines } = configText({
    config,
    node: undefined,
    scope: undefined,
    backend: undefined,
  })
  const notes = config === undefined ? ['without --config these are the defaults'] : []
  return { kind: 'found', text: [...notes, ...lines].map((line) => `# ${line}\n`).join('') + text }
}

async function objectsFor(options: BundleOptions, version: string): Promise<Found> {
  const { objects, files, kubeconfig } = options
  if (files.length > 0) return objectsOfFiles(files)
  if (!objects) return { kind: 'missing', why: 'not asked for; --objects adds them' }
  return objectsOfServer(kubeconfig, version)
}

/** Returns why the file cannot be written; `-` is standard output. Only its owner may read a new one. */
function write(file: string, bytes: Buffer, output: BinaryOutput): string | undefined {
  if (file === '-') {
    output.bytes(bytes)
    return undefined
  }
  try {
    writeFileSync(file, bytes, { mode: 0o600 })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
