import { parseFrame } from '../../src/announce/frames.ts'
import { DROP, jump, LOAD_8, LOAD_16, load, PASS } from '../../src/apply/packet/bpf.ts'
import { openPacketSocket, type PacketSocket } from '../../src/apply/packet/packet-socket.ts'
import { timerOf } from './lan-connections.ts'
import { arp, macOption, ndp } from './link-frames.ts'
import { Waiting } from './waiting.ts'

interface Question {
  readonly epoch: Epoch
  readonly address: string
  readonly sent: number
  readonly macs: Set<string>
}

/** Two answered for an address: the first and the last question to which both did, since 1970. */
export interface Overlap {
  readonly address: string
  readonly macs: readonly string[]
  readonly from: number
  to: number
}

/** What was asked between two reports, and what became of it. */
export interface Epoch {
  questions: number
  unanswered: number
  /** The longest time for which no question for one address was answered, ended or not. */
  silence: number
  /** Questions that more than one MAC address answered, and the longest time over which that was so. */
  doubles: number
  doubleFor: number
  readonly overlaps: Overlap[]
  /** By how much a question was late at worst: what is shorter than this may be this machine's doing. */
  late: number
}

interface Asked {
  mac: string | undefined
  /** When another party answered than before, since 1970. */
  changedAt: number
  /** When the last question was sent that has an answer. */
  answered: number
  /** When the first question of a series with two answers was sent. */
  doubleSince: number | undefined
  overlap: Overlap | undefined
}

/**
 * Answers to the senders that questions pretend to have, and nothing else: what is told to all of
 * hundreds of addresses would leave no room for them in the buffer of the socket.
 */
export const ANSWERS: Parameters<typeof openPacketSocket>[0]['filter'] = [
  load(LOAD_16, 12),
  jump(0x0806, { unequal: 6 }),
  load(LOAD_16, 20),
  jump(2, { unequal: 3 }),
  load(LOAD_16, 38),
  jump(0x0a09, { unequal: 1 }),
  PASS,
  DROP,
  jump(0x86dd, { unequal: 7 }),
  load(LOAD_8, 54),
  jump(136, { unequal: 5 }),
  load(LOAD_16, 38),
  jump(0xfe80, { unequal: 3 }),
  load(LOAD_16, 50),
  jump(9, { unequal: 1 }),
  PASS,
  DROP,
]

/** Questions that are later than so many milliseconds are not asked. */
const OVERDUE = 50

/** Asks for addresses by a fixed clock, and sees who answers. */
export class Asker {
  readonly #mac: string
  readonly #socket: PacketSocket
  readonly #addresses: readonly string[]
  readonly #patience: number
  readonly #asked: Map<string, Asked> = new Map()
  readonly #open: Map<number, Question> = new Map()
  readonly #news = new Waiting()
  #next = 0
  #epoch = newEpoch()

  /** `patience`: milliseconds in which an answer comes, or not at all. */
  constructor(mac: string, index: number, addresses: readonly string[], patience: number) {
    this.#mac = mac
    this.#addresses = addresses
    this.#patience = patience
    this.#socket = openPacketSocket({
      index,
      filter: ANSWERS,
      received: (frame) => this.#received(frame),
      broke: (code) => {
        throw new Error(code)
      },
    })
  }

  /** Asks so many times a second, one address after the other. */
  start(rate: number): void {
    const began = performance.now()
    let sent = 0
    setInterval(() => {
      const passed = performance.now() - began
      this.#epoch.late = Math.max(this.#epoch.late, passed - (sent * 1000) / rate)
      // What is long overdue is left out: its answers would come all at once, and some be lost.
      sent = Math.max(sent, Math.floor(((passed - OVERDUE) * rate) / 1000))
      for (; sent < (passed * rate) / 1000; sent++) this.#ask()
      this.#judge()
    }, timerOf(rate))
  }

  /** Resolves when the last answer for an address came from this MAC address. */
  async until(address: string, mac: string): Promise<string> {
    return this.#news.until(() => (this.#asked.get(address)?.mac === mac ? mac : undefined))
  }

  /** Returns when another party last began to answer for an address, since 1970. */
  changedAt(address: string): number {
    return this.#asked.get(address)?.changedAt ?? 0
  }

  holders(): Readonly<Record<string, string | null>> {
    return Object.fromEntries(
      this.#addresses.map((address) => [address, this.#asked.get(address)?.mac ?? null]),
    )
  }

  /** Resolves with what became of the questions since the last report, once all are judged. */
  async report(): Promise<Epoch> {
    const epoch = this.#epoch
    this.#epoch = newEpoch()
    return this.#news.until(() => {
      const isOpen = [...this.#open.values()].some((question) => question.epoch === epoch)
      return isOpen ? undefined : epoch
    })
  }

  #ask(): void {
    const number = this.#next++ & 0xffff
    const address = this.#addresses[number % this.#addresses.length] ?? ''
    const epoch = this.#epoch
    const sent = performance.now()
    this.#open.set(number, { epoch, address, sent, macs: new Set() })
    if (!this.#asked.has(address)) this.#asked.set(address, newlyAsked(sent))
    epoch.questions += 1
    this.#socket.send(
      address.includes(':') ? this.#solicitation(number, address) : this.#arp(number, address),
    )
  }

  /** The sender tells the number of the question, and comes back in the answer. */
  #arp(number: number, target: string): Buffer {
    const sender = `10.9.${number >> 8}.${number & 255}`
    return arp({ source: this.#mac, operation: 1, sender, target })
  }

  #solicitation(number: number, target: string): Buffer {
    const source = `fe80::9:${number.toString(16)}`
    const option = macOption(1, this.#mac)
    return ndp({ sourceMac: this.#mac, source, type: 135, target, option })
  }

  #received(bytes: Uint8Array): void {
    const frame = parseFrame(bytes)
    if (frame === undefined) return
    if (frame.kind === 'arp' && frame.operation === 'reply') {
      const [ten, nine, high = 0, low = 0] = frame.target.split('.').map(Number)
      if (ten === 10 && nine === 9) this.#answered((high << 8) | low, frame.senderMac)
    } else if (frame.kind === 'advertisement') {
      const number = /^fe80::9:([0-9a-f]+)$/.exec(frame.destination)?.[1]
      const mac = frame.linkLayer ?? frame.from
      if (number !== undefined) this.#answered(Number.parseInt(number, 16), mac)
    }
  }

  #answered(number: number, mac: string): void {
    const question = this.#open.get(number)
    if (question === undefined) return
    question.macs.add(mac)
    const asked = this.#asked.get(question.address)
    if (asked !== undefined && asked.mac !== mac) {
      asked.mac = mac
      asked.changedAt = performance.timeOrigin + performance.now()
    }
    this.#news.wake()
  }

  /** Closes the questions to which no answer will come any more, in the order they were asked. */
  #judge(): void {
    // When this process was late itself, answers wait to be read.
    this.#socket.drain()
    const before = performance.now() - this.#patience
    for (const [number, question] of this.#open) {
      if (question.sent > before) break
      this.#open.delete(number)
      const asked = this.#asked.get(question.address)
      if (asked !== undefined) judge(question, asked)
    }
    this.#news.wake()
  }
}

function judge(question: Question, asked: Asked): void {
  const { epoch, sent, macs } = question
  epoch.silence = Math.max(epoch.silence, sent - asked.answered)
  if (macs.size === 0) epoch.unanswered += 1
  else asked.answered = sent
  if (macs.size > 1) {
    epoch.doubles += 1
    asked.doubleSince ??= sent
    epoch.doubleFor = Math.max(epoch.doubleFor, sent - asked.doubleSince)
    noteOverlap(question, asked)
  } else if (macs.size === 1) [asked.doubleSince, asked.overlap] = [undefined, undefined]
}

/** An overlap lasts as long as the same parties answer, and is told in the report of its beginning. */
function noteOverlap({ epoch, address, sent, macs }: Question, asked: Asked): void {
  const at = performance.timeOrigin + sent
  const parties = [...macs].sort()
  if (String(asked.overlap?.macs) !== String(parties)) {
    asked.overlap = { address, macs: parties, from: at, to: at }
    epoch.overlaps.push(asked.overlap)
  } else if (asked.overlap !== undefined) asked.overlap.to = at
}

function newlyAsked(sent: number): Asked {
  return {
    mac: undefined,
    changedAt: 0,
    answered: sent,
    doubleSince: undefined,
    overlap: undefined,
  }
}

function newEpoch(): Epoch {
  return {
    questions: 0,
    unanswered: 0,
    silence: 0,
    doubles: 0,
    doubleFor: 0,
    overlaps: [],
    late: 0,
  }
}
