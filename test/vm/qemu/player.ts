import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Sources } from '../../../src/cli/arguments.ts'
import type { Said } from '../../support/commands.ts'
import type { Lab } from '../../support/lab.ts'

const tsx = fileURLToPath(new URL('../../../node_modules/.bin/tsx', import.meta.url))
const script = fileURLToPath(new URL('apply-each.ts', import.meta.url))

/** `nodelb apply` on the node of a lab, by one process for many: to start one takes the guest long. */
export class Player {
  readonly #process
  readonly #answers: AsyncIterator<string>

  constructor(lab: Lab) {
    const args = ['netns', 'exec', lab.namespace('node'), tsx, script]
    this.#process = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  /** Not to be called again before it answered. */
  async apply(sources: Sources): Promise<Said> {
    this.#process.stdin.write(`${JSON.stringify(sources)}\n`)
    const { done, value } = await this.#answers.next()
    if (done) throw new Error('the player ended')
    return JSON.parse(value)
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin.end()
    await ended
  }
}
