import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Another program that commits to nftables, at a rate, and touches no table of nodelb. */
export class ForeignCommitter {
  readonly #nft: ChildProcess
  #beat: NodeJS.Timeout | undefined
  #commits = 0

  constructor(enter: readonly string[]) {
    const [file = '', ...args] = [...enter, 'nft', '-i']
    this.#nft = spawn(file, args, { stdio: ['pipe', 'ignore', 'inherit'] })
    this.#nft.stdin?.on('error', () => undefined)
  }

  get commits(): number {
    return this.#commits
  }

  /** Commits per second from now on. */
  set rate(hz: number) {
    clearInterval(this.#beat)
    this.#beat = hz === 0 ? undefined : setInterval(() => this.#commit(), 1_000 / hz)
  }

  async end(): Promise<void> {
    clearInterval(this.#beat)
    const ended = once(this.#nft, 'exit')
    this.#nft.stdin?.end()
    await ended
  }

  /** Each line is a transaction. */
  #commit(): void {
    this.#commits++
    this.#nft.stdin?.write('add table ip foreign; delete table ip foreign\n')
  }
}
