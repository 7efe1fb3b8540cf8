import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { parseFrame } from '../../src/announce/frames.ts'
import { openPacketSocket, type PacketSocket } from '../../src/apply/packet/packet-socket.ts'
import { type ConnectionReport, Connections } from './lan-connections.ts'
import { arp, macOption, ndp } from './link-frames.ts'
import { Waiting } from './waiting.ts'

// The client of a LAN: asks for addresses at a fixed rate, sees every frame, and connects. It runs in
// the client's namespace; commands are lines of JSON on stdin, answers are lines of JSON on stdout.

/** What was seen since the last report. Times are milliseconds. */
export type LanReport = Readonly<Epoch> & ConnectionReport

interface Question {
  readonly epoch: Epoch
  readonly address: string
  readonly sent: number
  readonly macs: Set<string>
}

/** What was asked between two reports, and what became of it. */
interface Epoch {
  questions: number
  unanswered: number
  /** Some of those: the address, and the time of day. */
  missed: string[]
  /** The longest time between two questions for one address that were answered. */
  silence: number
  /** Questions that more than one MAC address answered, and the longest time over which that was so. */
  doubles: number
  doubleFor: number
}

interface Asked {
  mac: string | undefined
  /** When the last question was sent that has an answer. */
  answered: number
  /** When the first question of a series with two answers was sent. */
  doubleSince: number | undefined
}

/** So many questions without an answer are told one by one. */
const MOST_MISSED = 20
/** Answers come within this time, or not at all. */
const PATIENCE = 300
/** Everything but what this machine itself sends. */
const INCOMING = [
  { code: 0x20, jt: 0, jf: 0, k: 0xfffff004 },
  { code: 0x15, jt: 0, jf: 1, k: 4 },
  { code: 0x06, jt: 0, jf: 0, k: 0 },
  { code: 0x06, jt: 0, jf: 0, k: 0xffffffff },
]

class Asker {
  readonly #mac: string
  readonly #socket: PacketSocket
  readonly #addresses: readonly string[]
  readonly #asked: Map<string, Asked> = new Map()
  readonly #open: Map<number, Question> = new Map()
  readonly #news = new Waiting()
  #next = 0
  #epoch = newEpoch()

  constructor(mac: string, index: number, addresses: readonly string[]) {
    this.#mac = mac
    this.#addresses = addresses
    this.#socket = openPacketSocket({
      index,
      filter: INCOMING,
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
      const due = ((performance.now() - began) * rate) / 1000
      for (; sent < due; sent++) this.#ask()
      this.#judge()
    }, 2)
  }

  /** Resolves when the last answer for an address came from this MAC address. */
  async until(address: string, mac: string): Promise<string> {
    return this.#news.until(() => (this.#asked.get(address)?.mac === mac ? mac : undefined))
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
    this.#open.set(number, { epoch, address, sent: performance.now(), macs: new Set() })
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
    const { address, sent, macs, epoch } = question
    const asked = this.#asked.get(address) ?? newlyAsked(sent)
    this.#asked.set(address, asked)
    if (sent > asked.answered) {
      epoch.silence = Math.max(epoch.silence, sent - asked.answered)
      asked.answered = sent
    }
    if (macs.size > 1) {
      epoch.doubles += 1
      asked.doubleSince ??= sent
      epoch.doubleFor = Math.max(epoch.doubleFor, sent - asked.doubleSince)
    }
    asked.mac = mac
    this.#news.wake()
  }

  /** Closes the questions to which no answer will come any more. */
  #judge(): void {
    const before = performance.now() - PATIENCE
    for (const [number, { address, sent, macs, epoch }] of this.#open) {
      if (sent > before) break
      this.#open.delete(number)
      const asked = this.#asked.get(address)
      if (macs.size === 0) missed(epoch, address, sent)
      else if (macs.size === 1 && asked !== undefined) asked.doubleSince = undefined
    }
    this.#news.wake()
  }
}

function newlyAsked(sent: number): Asked {
  return { mac: undefined, answered: sent, doubleSince: undefined }
}

function newEpoch(): Epoch {
  return { questions: 0, unanswered: 0, missed: [], silence: 0, doubles: 0, doubleFor: 0 }
}

function missed(epoch: Epoch, address: string, sent: number): void {
  epoch.unanswered += 1
  const time = new Date(performance.timeOrigin + sent).toISOString()
  if (epoch.missed.length < MOST_MISSED) epoch.missed.push(`${address} ${time}`)
}

let asker: Asker | undefined
let connections: Connections | undefined

const commands: Readonly<Record<string, (parameters: never) => unknown>> = {
  watch({ mac, index, addresses, rate }: Watch) {
    asker = new Asker(mac, index, addresses)
    asker.start(rate)
  },
  connect({ targets, rate, patience }: Connect) {
    connections = new Connections((host, done) => {
      const socket = connect({ host, port: 80 })
      socket.setTimeout(patience, () => socket.destroy(new Error('timeout')))
      let good = false
      socket.on('data', () => {
        good = true
        socket.destroy()
      })
      socket.on('error', () => undefined)
      socket.on('close', () => done(good))
    }, targets)
    connections.start(rate)
  },
  until: ({ address, mac }: Until) => asker?.until(address, mac),
  holders: () => asker?.holders(),
  report: async () => {
    const [asked, connected] = await Promise.all([asker?.report(), connections?.report()])
    return { ...asked, ...connected }
  },
}

interface Watch {
  readonly mac: string
  readonly index: number
  readonly addresses: readonly string[]
  readonly rate: number
}

interface Connect {
  readonly targets: readonly string[]
  readonly rate: number
  /** Milliseconds for an answer. */
  readonly patience: number
}

interface Until {
  readonly address: string
  readonly mac: string
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...parameters } = JSON.parse(line)
  Promise.resolve(commands[command]?.(parameters as never)).then(
    (result) => say({ id, result: result ?? null }),
    (error) => say({ id, error: String(error) }),
  )
}
process.exit(0)

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
