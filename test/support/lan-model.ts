import type { Beat } from '../../src/announce/beat.ts'
import { type Spot, spotKey } from '../../src/announce/spot.ts'
import type { Step } from '../../src/announce/step.ts'
import type { TransitionEvent } from '../../src/announce/transition-state.ts'
import type { Address } from '../../src/model/address.ts'

// A model of nodes on one or two LANs: kernels that answer for what is in their sets until their switch
// runs out, agents that live, stall and die, beats that get lost, late and doubled, cables that are cut.
// Its clock jumps from one event to the next.

export const TIMES = { interval: 200, timeout: 600, hold: 3_000, settle: 2_000 }
/** The longest time that a late beat is under way. */
export const LATEST = 300

/** The longest time that a kernel takes for a change. */
export const LONGEST_COMMIT = 90

/** A kernel that works takes no longer for an answer. */
export const LONGEST_ANSWER = 70

/** What the machine of a node holds while its agent comes and goes. */
export interface ModelKernel {
  readonly spots: Map<string, Spot>
  /** From whom a spot was taken over; the others were taken from silence. */
  readonly takenFrom: Map<string, string>
  /** What is offered to others, by the name of the offer. */
  readonly offers: Map<string, ReadonlySet<Address>>
  /** The offers that were taken: for their addresses it does not answer, whatever is in its sets. */
  readonly taken: Set<string>
  /** Who took a spot because nobody answered, and when. */
  readonly takenBy: Map<string, { readonly agent: ModelAgent; readonly at: number }>
  aliveUntil: number
  /** Milliseconds until a question that has arrived is answered, and the most that it took so far. */
  answerMs: number
  slowest: number
  /** Until then it neither answers nor hears; what arrives meanwhile waits. */
  standsUntil: number
}

/** What the model knows of an agent. */
export interface ModelAgent {
  readonly wakesAt: number
  readonly isStalled: boolean
  /** All steps so far. */
  readonly steps: readonly Step[]
  /** After how many more steps it dies; undefined if it does not. */
  diesAfter: number | undefined
  /** Milliseconds by which its timers are late. */
  slowness: number
  /** Milliseconds until its kernel has done what it is told; nothing else goes on meanwhile. */
  commitMs: number
  begin(): void
  tick(): void
  wake(): void
  stall(ms: number): void
  hear(event: TransitionEvent): void
  hearBeat(beat: Beat): void
}

export interface ModelNode {
  readonly name: string
  readonly index: number
  readonly kernel: ModelKernel
  agent: ModelAgent | undefined
  /** Runs of the agent so far. */
  runs: number
  /** The LANs whose cable is out, since when, and those of them where it will be put in as soon as that is fair. */
  readonly cut: Map<number, number>
  readonly plugging: Set<number>
  isExcluded: boolean
  /** It reads other objects than the rest: the candidates are in another order. */
  isConfused: boolean
}

export interface LanOptions {
  readonly nodes: number
  readonly lans: number
  readonly addresses: readonly Address[]
  /** How many Nodes may answer for an address; the others are none of its candidates. */
  readonly candidates?: number
  readonly agentOf: (lan: LanModel, node: ModelNode, incarnation: number) => ModelAgent
}

function newKernel(): ModelKernel {
  const none = { spots: new Map(), takenFrom: new Map(), takenBy: new Map() }
  const offered = { offers: new Map(), taken: new Set<string>() }
  return { ...none, ...offered, aliveUntil: 0, answerMs: 0, slowest: 0, standsUntil: 0 }
}

/** After the agent of a node that stood still goes on, its kernel delivers what has arrived, so much later. */
const BACKLOG_MS = 10

interface Delivery {
  readonly at: number
  readonly act: () => void
}

export function interfaceOf(lan: number): string {
  return `eth${lan}`
}

export class LanModel {
  now = 0
  readonly nodes: readonly ModelNode[]
  readonly options: LanOptions
  /** LAN and address of what is in the way. */
  readonly strangers: Map<string, { readonly lan: number; readonly address: Address }> = new Map()
  /** Until when beats from one node to another are lost. */
  readonly #lost = new Map<string, number>()
  delay = 0
  doubles = false
  /** Whether anything watches the laws; called after each event. */
  watch: () => void = () => undefined
  readonly #queue: Delivery[] = []

  constructor(options: LanOptions) {
    this.options = options
    this.nodes = Array.from({ length: options.nodes }, (_, index) => ({
      name: `n${index}`,
      index,
      kernel: newKernel(),
      agent: undefined,
      runs: 0,
      cut: new Map(),
      plugging: new Set(),
      isExcluded: false,
      isConfused: false,
    }))
  }

  start(node: ModelNode, incarnation?: number): void {
    if (node.agent !== undefined) return
    node.runs++
    node.agent = this.options.agentOf(this, node, incarnation ?? node.runs)
    node.agent.begin()
  }

  /** The agent dies; the kernel goes on. */
  kill(node: ModelNode): void {
    node.agent = undefined
  }

  /** The whole machine dies. */
  powerOff(node: ModelNode): void {
    this.kill(node)
    node.kernel.spots.clear()
    node.kernel.offers.clear()
    node.kernel.taken.clear()
    node.kernel.aliveUntil = 0
  }

  /** From now on the kernel takes so many milliseconds to answer a question. */
  answerAfter({ kernel }: ModelNode, ms: number): void {
    kernel.answerMs = ms
    kernel.slowest = Math.max(kernel.slowest, ms)
  }

  /** The whole machine stands still; its agent is the first to go on. */
  standStill({ kernel, agent }: ModelNode, ms: number): void {
    kernel.standsUntil = Math.max(kernel.standsUntil, this.now + ms + BACKLOG_MS)
    agent?.stall(kernel.standsUntil - BACKLOG_MS - this.now)
    kernel.slowest = Math.max(kernel.slowest, ms + BACKLOG_MS)
  }

  cutCable(node: ModelNode, lan: number): void {
    if (!node.cut.has(lan)) node.cut.set(lan, this.now)
    node.plugging.delete(lan)
    node.agent?.hear({ kind: 'lost', interface: interfaceOf(lan) })
  }

  /** Puts the cable in as soon as the node has noticed that it was out, or its kernel is silent. */
  plugCable(node: ModelNode, lan: number): void {
    if (node.cut.has(lan)) node.plugging.add(lan)
  }

  /** Puts the cable in although the node has not noticed anything, and its kernel may still answer. */
  plugAtOnce(node: ModelNode, lan: number): void {
    const { kernel } = node
    const since = node.cut.get(lan)
    if (since === undefined) return
    kernel.slowest = Math.max(kernel.slowest, this.now - since)
    node.cut.delete(lan)
    node.plugging.delete(lan)
    node.agent?.wake()
  }

  #plug(): void {
    for (const node of this.nodes) {
      for (const lan of node.plugging) {
        const answers = [...node.kernel.spots.values()].some(
          (spot) => spot.interface === interfaceOf(lan),
        )
        if (answers && node.kernel.aliveUntil > this.now) continue
        node.plugging.delete(lan)
        node.cut.delete(lan)
        node.agent?.wake()
      }
    }
  }

  loseBeats(from: ModelNode, to: ModelNode, ms: number): void {
    this.#lost.set(`${from.name} ${to.name}`, this.now + ms)
  }

  heal(): void {
    this.#lost.clear()
    this.delay = 0
    this.doubles = false
    this.strangers.clear()
    for (const node of this.nodes) {
      node.kernel.answerMs = 0
      node.isExcluded = false
      node.isConfused = false
      for (const lan of node.cut.keys()) this.plugCable(node, lan)
      node.agent?.wake()
    }
  }

  send(from: ModelNode, to: ModelNode, beat: Beat): void {
    if (from.cut.has(0) || to.cut.has(0)) return
    if ((this.#lost.get(`${from.name} ${to.name}`) ?? 0) > this.now) return
    // The kernel hears it first, also while the agent is frozen or dead.
    const deliver = (): void =>
      this.#arrive(to, () => {
        const { takes } = beat
        if (takes !== undefined && to.kernel.offers.has(takes)) to.kernel.taken.add(takes)
        to.agent?.hearBeat(beat)
      })
    this.later(1 + this.delay, deliver)
    if (this.doubles) this.later(1 + this.delay + 170, deliver)
  }

  /** Whether the kernel of a node answers for an address on a LAN. */
  answers(node: ModelNode, lan: number, address: Address): boolean {
    const { kernel, cut } = node
    if (kernel.aliveUntil <= this.now || kernel.standsUntil > this.now || cut.has(lan)) return false
    if (isTaken(kernel, address)) return false
    return kernel.spots.has(spotKey({ address, interface: interfaceOf(lan) }))
  }

  answerers(lan: number, address: Address): readonly ModelNode[] {
    return this.nodes.filter((node) => this.answers(node, lan, address))
  }

  /** A node asks the wire: everybody hears it, and who has the address answers. */
  probe(from: ModelNode, lan: number, address: Address): void {
    if (from.cut.has(lan)) return
    const name = interfaceOf(lan)
    for (const node of this.#others(from, lan)) {
      const probe = { kind: 'probe', address, interface: name, mac: macOf(from, lan) } as const
      this.later(1, () => this.#arrive(node, () => node.agent?.hear(probe)))
      const answer = (): void => {
        if (!this.answers(node, lan, address)) return
        this.later(1, () => this.#tell(from, lan, { address, mac: macOf(node, lan) }))
      }
      this.later(1, () => this.#arrive(node, answer, node.kernel.answerMs))
    }
    this.later(1, () => {
      if (!this.strangers.has(`${lan} ${address}`)) return
      this.later(1, () => this.#tell(from, lan, { address, mac: STRANGER }))
    })
  }

  /** Lets the kernel of a node do what it does when something arrives. */
  #arrive({ kernel }: ModelNode, act: () => void, takes = 0): void {
    const waits = Math.max(0, kernel.standsUntil - this.now) + takes
    if (waits === 0) act()
    else this.later(waits, act)
  }

  /** A node tells everybody on a LAN that it has the address. */
  announce(from: ModelNode, lan: number, address: Address): void {
    if (from.cut.has(lan)) return
    for (const node of this.#others(from, lan)) {
      this.later(1, () => this.#tell(node, lan, { address, mac: macOf(from, lan) }))
    }
  }

  strangerClaims(lan: number, address: Address): void {
    this.strangers.set(`${lan} ${address}`, { lan, address })
    for (const node of this.nodes) this.#tell(node, lan, { address, mac: STRANGER })
  }

  #tell(
    node: ModelNode,
    lan: number,
    heard: { readonly address: Address; readonly mac: string },
  ): void {
    if (node.cut.has(lan)) return
    const event = { kind: 'answer', interface: interfaceOf(lan), ...heard } as const
    this.#arrive(node, () => node.agent?.hear(event))
  }

  #others(from: ModelNode, lan: number): readonly ModelNode[] {
    return this.nodes.filter((node) => node !== from && !node.cut.has(lan))
  }

  later(ms: number, act: () => void): void {
    const delivery = { at: this.now + ms, act }
    let at = this.#queue.length
    while (at > 0 && (this.#queue[at - 1]?.at ?? 0) > delivery.at) at--
    this.#queue.splice(at, 0, delivery)
  }

  /** Lets time pass. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const due = [...this.nodes].map(({ agent }) => agent?.wakesAt ?? Number.POSITIVE_INFINITY)
      const next = Math.min(this.#queue[0]?.at ?? Number.POSITIVE_INFINITY, ...due)
      if (next > end) break
      this.now = Math.max(this.now, next)
      if ((this.#queue[0]?.at ?? Number.POSITIVE_INFINITY) <= this.now) this.#queue.shift()?.act()
      else for (const { agent } of this.nodes) agent?.tick()
      this.#plug()
      this.watch()
    }
    this.now = end
  }
}

/** Whether another node has taken what was offered to it. */
export function isTaken({ offers, taken }: ModelKernel, address: Address): boolean {
  return [...taken].some((name) => offers.get(name)?.has(address) === true)
}

export const STRANGER = '02:ff:ff:ff:ff:ff'

export function macOf(node: ModelNode, lan: number): string {
  return `02:00:00:00:0${lan}:0${node.index}`
}

/** The order of candidates of an address, before who is settled counts. */
export function orderOf({ nodes }: LanModel, turned: number): readonly string[] {
  return nodes.map((_, at) => nodes[(at + turned) % nodes.length]?.name ?? '')
}
