import { closeSync, openSync } from 'node:fs'
import koffi from 'koffi'
import { typed } from './typed.ts'

/**
 * The program in the process of the test, on the network of its thread, so that what it reaches of `src` is
 * counted. How it is started from a command line, and how it ends by itself, is tried with the shipped program.
 */

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
  const { code, out, said } = await typed(...words)
  return { code, out, said: said.join('\n') }
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
