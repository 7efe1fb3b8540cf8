import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Waiting } from './waiting.ts'

/** The next hops of prefixes; a prefix without a length is an address. */
export type Routes = ReadonlyMap<string, readonly string[]>

/** Sees the routes of BGP that come to the kernel of a network namespace and go, when they do. */
export class RouteMonitor {
  readonly #process: ChildProcess
  readonly #routes = new Map<string, readonly string[]>()
  readonly #news = new Waiting()

  /** What is there before it is ready, some milliseconds later, it does not know. */
  constructor(namespace: string) {
    const args = ['-n', namespace, '-o', '-4', 'monitor', 'route']
    this.#process = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const { stdout } = this.#process
    if (stdout !== null) createInterface(stdout).on('line', (line) => this.#take(line))
  }

  get routes(): Routes {
    return this.#routes
  }

  /** Resolves once the routes are as expected, with the time of it by the monotonic clock, in milliseconds. */
  until(isExpected: (routes: Routes) => boolean): Promise<number> {
    return this.#news.until(() => (isExpected(this.#routes) ? performance.now() : undefined))
  }

  end(): void {
    this.#process.kill()
  }

  #take(line: string): void {
    if (!line.includes(' proto bgp ')) return
    const [, deleted, prefix = ''] = /^(Deleted )?(\S+) /.exec(line) ?? []
    const hops = [...line.matchAll(/\bvia (\S+)/g)].map(([, hop = '']) => hop)
    if (deleted === undefined) this.#routes.set(prefix, hops.toSorted())
    else this.#routes.delete(prefix)
    this.#news.wake()
  }
}
