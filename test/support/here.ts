import { closeSync, openSync } from 'node:fs'
import koffi from 'koffi'
import { allocateCommand } from '../../src/cli/allocate/allocate.ts'
import { announcersCommand } from '../../src/cli/announcers/announcers.ts'
import { parseArguments } from '../../src/cli/arguments.ts'
import { cleanupCommand } from '../../src/cli/cleanup.ts'
import { applyCommand, renderCommand } from '../../src/cli/commands.ts'
import { diffCommand } from '../../src/cli/diff.ts'
import { explainCommand } from '../../src/cli/explain/explain.ts'
import type { Output } from '../../src/cli/output.ts'
import { prepareCommand } from '../../src/cli/prepare.ts'
import { runCommand } from '../../src/cli/run.ts'
import { statusCommand } from '../../src/cli/status/status.ts'

/**
 * The program in the process of the test, on the network of its thread, so that what it reaches of `src` is
 * counted. How it is started from a command line, and how it ends by itself, is tried with the shipped program.
 */

const VERSION = '0.0.0-test'
const CLONE_NEWNET = 0x40000000

/**
 * Moves the calling thread to the network of a namespace that `ip netns` has made. Returns what moves it back, to be
 * called before the namespace is removed: that ends the processes in it.
 */
export function enterNetwork(namespace: string): () => void {
  const former = openSync('/proc/thread-self/ns/net', 'r')
  enter(openSync(`/run/netns/${namespace}`, 'r'))
  return () => enter(former)
}

function enter(fd: number): void {
  const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)')
  const failed = setns(fd, CLONE_NEWNET) !== 0
  closeSync(fd)
  if (failed) throw new Error('setns failed: these tests need root')
}

export interface Printed {
  readonly code: number
  readonly out: string
  readonly said: string
}

/** Runs a command; resolves with what it prints, whatever its exit code. */
export async function commandHere(...words: readonly string[]): Promise<Printed> {
  const outs: string[] = []
  const lines: string[] = []
  const output: Output = {
    out: (text) => outs.push(text),
    say: (line) => lines.push(line),
    colour: false,
  }
  const code = await invoke(words, output)
  return { code, out: outs.join(''), said: lines.join('\n') }
}

function invoke(words: readonly string[], output: Output): number | Promise<number> {
  const invocation = parseArguments(words, VERSION)
  switch (invocation.kind) {
    case 'render':
      return renderCommand(invocation.sources, output)
    case 'diff':
      return diffCommand(invocation.sources, output, invocation.options)
    case 'explain':
      return explainCommand(invocation.options, output)
    case 'apply':
      return applyCommand(invocation.sources, output)
    case 'allocate':
      return allocateCommand(invocation.options, output)
    case 'announcers':
      return announcersCommand(invocation.options, output)
    case 'cleanup':
      return cleanupCommand(invocation.config, output)
    case 'prepare':
      return prepareCommand(invocation.config, output)
    case 'status':
      return statusCommand(invocation.options, output)
    case 'run':
      return runCommand(invocation.options, VERSION, output)
    default:
      throw new Error(`not a command of these tests: ${words.join(' ')}`)
  }
}

/** `nodelb run`, which says nothing but errors. */
export class AgentHere {
  readonly #ended: Promise<Printed>

  private constructor(ended: Promise<Printed>) {
    this.#ended = ended
  }

  static start(...words: readonly string[]): AgentHere {
    return new AgentHere(commandHere('run', '--log-level', 'error', ...words))
  }

  /** Ends it as a signal would; resolves with its exit code. */
  async end(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number> {
    process.emit(signal)
    return (await this.#ended).code
  }
}
