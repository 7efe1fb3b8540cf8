import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('door.mjs', import.meta.url))

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Makes a port of this namespace's loopback reachable in another namespace, as the same port unless told
 * otherwise, so that a lab needs no cable to the machine.
 */
export class Door {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nodelb-door-'))
  readonly #connections: Set<Socket> = new Set()
  readonly #outside: Server
  readonly #inside: ChildProcess
  /** What the server says is held up until this resolves. */
  late: () => Promise<unknown> = () => Promise.resolve()

  /** `inside`: where it is reached; the namespace has that address. */
  static async open(
    namespace: string,
    port: number,
    inside: Readonly<Place> = { host: '127.0.0.1', port },
  ): Promise<Door> {
    const door = new Door(namespace, port, inside)
    await once(door.#outside, 'listening')
    if (door.#inside.stdout !== null) await once(door.#inside.stdout, 'data')
    return door
  }

  private constructor(namespace: string, port: number, inside: Place) {
    const path = join(this.#folder, 'door')
    this.#outside = createServer((near) => this.#through(near, port)).listen(path)
    this.#inside = spawn(
      'ip',
      ['netns', 'exec', namespace, process.execPath, script, inside.host, `${inside.port}`, path],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
  }

  /** All connections break. */
  cut(): void {
    for (const socket of this.#connections) socket.destroy()
  }

  async close(): Promise<void> {
    const ended = once(this.#inside, 'close')
    this.#inside.stdin?.end()
    this.cut()
    this.#outside.close()
    await ended
    rmSync(this.#folder, { recursive: true })
  }

  #through(near: Socket, port: number): void {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      this.#connections.add(socket)
      socket.on('close', () => this.#connections.delete(socket))
    }
    near.pipe(far)
    far.on('data', async (chunk) => {
      await this.late()
      near.write(chunk)
    })
    far.on('close', async () => {
      await this.late()
      near.destroy()
    })
    near.on('error', () => far.destroy())
    near.on('close', () => far.destroy())
    far.on('error', () => near.destroy())
  }
}
