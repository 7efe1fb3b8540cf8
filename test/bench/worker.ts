import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Answered, Answers, Question, Questions } from './protocol.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = `${root}build/bench/child.js`

/** Bundles the children as scripts/build.mjs bundles nodelb. */
export async function bundle(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/child.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['netlink', 'koffi'],
    banner: {
      js: [
        "import { createRequire as createRequireForBundle } from 'node:module'",
        'const require = createRequireForBundle(import.meta.url)',
      ].join('\n'),
    },
    logLevel: 'warning',
  })
}

/** As the image and the bundle's first line have it. */
const FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=50']

/** A child process in a network namespace that it has to itself. */
export class Worker {
  readonly #process: ChildProcess

  constructor() {
    this.#process = spawn('unshare', ['--net', process.execPath, ...FLAGS, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  /** Names the network namespace, too. */
  get pid(): number {
    return this.#process.pid ?? 0
  }

  ask<Kind extends Question>(kind: Kind, about: Questions[Kind]): Promise<Answers[Kind]> {
    const child = this.#process
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`a child ended (${code})`))
      child.once('exit', ended)
      child.once('message', (answered: Answered) => {
        child.off('exit', ended)
        if (answered.kind === 'answer') resolve(answered.answer as Answers[Kind])
        else reject(new Error(answered.reason))
      })
      child.send({ kind, about })
    })
  }

  /** Empties the namespace first: the kernel would do it later, while others are measured. */
  async end(): Promise<void> {
    await this.ask('flush', {})
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.disconnect()
    await ended
  }
}
