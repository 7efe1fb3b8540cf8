import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Station } from '../../src/announce/station.ts'
import { openPacketSocket, type PacketSocket } from '../../src/apply/packet/packet-socket.ts'
import { NODE_MAC } from './questions.ts'

const run = promisify(execFile)

export async function ip(...args: readonly string[]): Promise<string> {
  return (await run('ip', args)).stdout
}

export async function indexOf(name: string): Promise<number> {
  return Number((await ip('-o', 'link', 'show', name)).split(':')[0])
}

export async function stationOf(name: string, mac: string = NODE_MAC): Promise<Station> {
  return { name, index: await indexOf(name), mac }
}

/** Lays a cable between the node's `eth0` and `asker`, both in the network of this thread, without addresses. */
export async function layCable(): Promise<void> {
  await ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'eth0')
  await ip('link', 'set', 'eth0', 'addrgenmode', 'none', 'address', NODE_MAC, 'up')
  await ip('link', 'set', 'asker', 'addrgenmode', 'none', 'up')
}

/** Passes everything but what the machine itself sends out of the interface. */
const INCOMING = [
  { code: 0x20, jt: 0, jf: 0, k: 0xfffff004 },
  { code: 0x15, jt: 0, jf: 1, k: 4 },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
  { code: 0x06, jt: 0, jf: 0, k: 0xffffffff },
]

/** Frames of a type that nobody else uses (RFC 5342: for experiments). */
const THERE = marker('020000000009')
const BACK = marker('020000000001')

function marker(source: string): Buffer {
  return Buffer.from(`ffffffffffff${source}88b5${'00'.repeat(46)}`, 'hex')
}

/**
 * A wire between an interface of the node and one of who asks, both in the network of this thread,
 * seen by packet sockets at both ends.
 */
export class Wire {
  readonly #asker: PacketSocket
  readonly #node: PacketSocket
  #heard: (frame: Buffer) => void = () => undefined
  #arrived: () => void = () => undefined

  /** `node` is the interface that answers, which may stand above the one that the wire is in. */
  static async between(asker: string, node: string): Promise<Wire> {
    return new Wire(await indexOf(asker), await indexOf(node))
  }

  private constructor(asker: number, node: number) {
    const broke = (code: string): void => {
      throw new Error(code)
    }
    this.#asker = openPacketSocket({
      index: asker,
      filter: INCOMING,
      received: (frame) => this.#heard(Buffer.from(frame)),
      broke,
    })
    this.#node = openPacketSocket({
      index: node,
      filter: INCOMING,
      received: (frame) => {
        if (THERE.equals(frame)) this.#arrived()
      },
      broke,
    })
  }

  /**
   * Sends a frame and returns all answers to it. Nothing is waited for by the clock: a marker goes
   * after the question, comes to the node's interface when the question has passed it (a macvlan
   * takes both from its queue of broadcasts), and goes back after the event loop has turned.
   */
  async answers(question: Buffer, atLeast = 0): Promise<readonly Buffer[]> {
    const found: Buffer[] = []
    let marked = false
    const ended = new Promise<void>((resolve) => {
      this.#heard = (frame) => {
        if (BACK.equals(frame)) marked = true
        else if (isAnswer(frame)) found.push(frame)
        if (marked && found.length >= atLeast) resolve()
      }
    })
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve
    })
    this.#asker.send(question)
    this.#asker.send(THERE)
    await arrived
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    this.#node.send(BACK)
    await ended
    return found
  }

  close(): void {
    this.#asker.close()
    this.#node.close()
  }
}

function isAnswer(frame: Buffer): boolean {
  const type = frame.readUInt16BE(12)
  if (type === 0x0806) return frame.readUInt16BE(20) === 2
  return type === 0x86dd && frame[20] === 58 && frame[54] === 136
}
