import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Where a stranger listens; without `host` on all addresses of both families. */
interface Place {
  readonly port: number
  readonly host?: string
  readonly protocol?: 'tcp' | 'udp'
}

const LISTEN = `
const [protocol, port, host] = process.argv.slice(1)
const up = () => console.log('up')
if (protocol === 'tcp') {
  const { createServer } = await import('node:net')
  createServer().listen({ port: Number(port), ...(host && { host }) }, up)
} else {
  const { createSocket } = await import('node:dgram')
  createSocket(host && !host.includes(':') ? 'udp4' : 'udp6').bind(Number(port), host || undefined, up)
}
`

/** A program of the node that knows nothing of nodelb and listens. */
export class Stranger {
  readonly #process: ChildProcess

  private constructor(started: ChildProcess) {
    this.#process = started
  }

  /** Resolves when it listens there, in this network namespace. */
  static async start(namespace: string, place: Place): Promise<Stranger> {
    const { port, host = '', protocol = 'tcp' } = place
    const script = ['--input-type=module', '-e', LISTEN, protocol, String(port), host]
    const command = ['netns', 'exec', namespace, process.execPath, ...script]
    const started = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    if (started.stdout !== null) await once(started.stdout, 'data')
    return new Stranger(started)
  }

  /** Resolves when its socket is closed. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}
