import type { Announced } from '../../announce/announced.ts'
import { reply } from '../../announce/reply.ts'
import type { Station } from '../../announce/station.ts'
import { PacketError } from '../../apply/packet/libc.ts'
import { openPacketSocket, type PacketSocket } from '../../apply/packet/packet-socket.ts'
import { QUESTIONS } from '../../apply/packet/question-filter.ts'
import type { Address } from '../../model/address.ts'
import { type Failed, failed, isOfKernel, kernelReason } from '../outcome.ts'
import { Groups } from './groups.ts'
import { InOrder } from './in-order.ts'
import type {
  AnswerCounts,
  Changed,
  Inherited,
  Programmed,
  RefusedInterface,
  Responder,
} from './responder.ts'

/** An interface that is listened to. */
interface Post {
  readonly station: Station
  addresses: ReadonlySet<Address>
  /** Undefined after it broke, such as when the link went down; `program` opens it again. */
  socket: PacketSocket | undefined
  readonly counts: Map<Address, number>
}

/**
 * Answers in this process, through packet sockets, where the kernel cannot. With the process its
 * answers end.
 */
export class SocketResponder implements Responder {
  readonly kind = 'socket'
  readonly #posts: Map<string, Post> = new Map()
  readonly #inOrder: InOrder = new InOrder()
  readonly #groups: Groups = new Groups()
  /** When the switch runs out, by the monotonic clock. */
  #until = 0

  async inherited(): Promise<Inherited> {
    return { kind: 'inherited', left: undefined, addresses: new Map() }
  }

  revive(milliseconds: number): Promise<Programmed | Failed> {
    return this.#inOrder.run(async () => {
      this.#until = performance.now() + milliseconds
      return this.#program([])
    })
  }

  program(announced: readonly Announced[], milliseconds: number): Promise<Changed> {
    return this.#inOrder.run(async () => {
      if (!this.#renew(milliseconds)) return { kind: 'ran-out' }
      return this.#program(announced)
    })
  }

  renew(milliseconds: number): Promise<Changed> {
    return this.#inOrder.run(async () =>
      this.#renew(milliseconds) ? { kind: 'programmed', refused: [] } : { kind: 'ran-out' },
    )
  }

  async counts(): Promise<AnswerCounts> {
    return new Map([...this.#posts].map(([name, { counts }]) => [name, new Map(counts)]))
  }

  remove(): Promise<Programmed | Failed> {
    return this.#inOrder.run(() => {
      this.#until = 0
      return this.#program([])
    })
  }

  async close(): Promise<void> {
    for (const { socket } of this.#posts.values()) socket?.close()
    this.#posts.clear()
  }

  async #program(announced: readonly Announced[]): Promise<Programmed | Failed> {
    const refused: RefusedInterface[] = []
    const wanted = new Map(announced.map((each) => [each.station.name, each]))
    for (const [name, post] of this.#posts) {
      if (isSame(post.station, wanted.get(name)?.station)) continue
      post.socket?.close()
      this.#posts.delete(name)
    }
    for (const { station, addresses } of announced) {
      const post = this.#post(station)
      post.addresses = addresses
      for (const address of post.counts.keys()) {
        if (!addresses.has(address)) post.counts.delete(address)
      }
      const reason = this.#open(post)
      if (reason !== undefined) refused.push({ name: station.name, reason })
    }
    try {
      const open = announced.filter(({ station }) => this.#posts.get(station.name)?.socket)
      return { kind: 'programmed', refused: [...refused, ...(await this.#groups.settle(open))] }
    } catch (error) {
      if (isOfKernel(error)) return failed(kernelReason(error))
      throw error
    }
  }

  /** Returns false if the switch had run out. */
  #renew(milliseconds: number): boolean {
    const now = performance.now()
    if (now >= this.#until) return false
    this.#until = now + milliseconds
    return true
  }

  #post(station: Station): Post {
    const known = this.#posts.get(station.name)
    if (known !== undefined) return known
    const post = { station, addresses: new Set<Address>(), socket: undefined, counts: new Map() }
    this.#posts.set(station.name, post)
    return post
  }

  /** Returns why the socket of an interface cannot be opened; undefined if it is open. */
  #open(post: Post): string | undefined {
    if (post.socket !== undefined) return undefined
    try {
      post.socket = openPacketSocket({
        index: post.station.index,
        filter: QUESTIONS,
        received: (frame) => this.#answer(post, frame),
        broke: () => {
          post.socket = undefined
        },
      })
      return undefined
    } catch (error) {
      if (error instanceof PacketError) return error.message
      throw error
    }
  }

  #answer(post: Post, frame: Uint8Array): void {
    if (performance.now() >= this.#until) return
    const answer = reply(frame, { mac: post.station.mac, addresses: post.addresses })
    if (answer === undefined) return
    try {
      post.socket?.send(answer.frame)
    } catch (error) {
      // Who asks asks again.
      if (error instanceof PacketError) return
      throw error
    }
    post.counts.set(answer.address, (post.counts.get(answer.address) ?? 0) + 1)
  }
}

function isSame(one: Station, other: Station | undefined): boolean {
  return one.index === other?.index && one.mac === other.mac
}
