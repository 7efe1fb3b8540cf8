import type { AnnounceView } from '../../src/speaker/view.ts'
import type { LanReport } from './lan-client.ts'
import { RealLan, type Watch } from './real-lan.ts'
import { type LanOptions, lanAddress } from './real-lan-files.ts'

type Holders = Readonly<Record<string, string>>

/** So many reports after all has moved may tell of something that is lost or answered twice. */
const UNQUIET = 20

/** A LAN on which every node has settled, and who answers there for which address. */
export class SettledLan {
  readonly lan: RealLan
  readonly nodes: readonly string[]
  /** The Node that comes first for each address, and the one after it. */
  readonly first: Holders
  readonly second: Holders

  private constructor(lan: RealLan, nodes: readonly string[], candidates: Candidates) {
    this.lan = lan
    this.nodes = nodes
    const nth = (n: number): Holders =>
      Object.fromEntries(candidates.map(([address, names]) => [address, names[n] ?? '']))
    this.first = nth(0)
    this.second = nth(1)
  }

  static async build(options: LanOptions, watch?: Watch): Promise<SettledLan> {
    const lan = await RealLan.build(options)
    try {
      const { nodes } = options
      await Promise.all(nodes.map((name) => lan.start(name)))
      await lan.watch(addressesOf(options), watch)
      return new SettledLan(lan, nodes, await settled(lan, nodes))
    } catch (error) {
      await lan.remove()
      throw error
    }
  }

  /** Resolves when each address is with its first Node; what was seen and told before is forgotten. */
  async calm(): Promise<void> {
    await this.all(this.first)
    await this.#quiet(() => true)
    for (const name of this.nodes) this.lan.agent(name).skip()
  }

  /** Resolves when a Node is out of it: connections get to others, and none is lost any more. */
  async freed(name: string): Promise<void> {
    await this.all(this.without(name))
    await this.#quiet(({ through }) => !(name in through))
  }

  /** Resolves when the client has its answers from these Nodes. */
  async all(holders: Holders): Promise<void> {
    await Promise.all(
      Object.entries(holders).map(([address, name]) => this.lan.until(address, name)),
    )
  }

  heldBy(name: string): string[] {
    return Object.keys(this.first).filter((each) => this.first[each] === name)
  }

  /** The Node that holds the most. */
  get busiest(): string {
    const held = (name: string): number => this.heldBy(name).length
    return this.nodes.toSorted((a, b) => held(b) - held(a))[0] ?? ''
  }

  /** A Node that is not the busiest one. */
  get other(): string {
    return this.nodes.find((each) => each !== this.busiest) ?? ''
  }

  /** Who follows the busiest one for one of its addresses. */
  get next(): string {
    return this.second[this.heldBy(this.busiest)[0] ?? ''] ?? ''
  }

  /** Who answers when a Node is away. */
  without(name: string): Holders {
    const next = (address: string): string =>
      (this.first[address] === name ? this.second : this.first)[address] ?? ''
    return Object.fromEntries(Object.keys(this.first).map((each) => [each, next(each)]))
  }

  /** Resolves with a report in which each address was asked for and connected to. */
  async reported(): Promise<LanReport> {
    await this.lan.report()
    const least = Object.keys(this.first).length
    for (;;) {
      const report = await this.lan.report()
      if (report.questions >= least && report.connections >= least) return report
    }
  }

  /**
   * Resolves when nothing is lost, nobody answers beside another, and this is true. Rejects if it does
   * not get so.
   */
  async #quiet(isExpected: (report: LanReport) => boolean): Promise<void> {
    for (let left = UNQUIET; ; left--) {
      const report = await this.reported()
      if (report.lost === 0 && report.doubles === 0 && isExpected(report)) return
      if (left === 0) throw new Error(`the LAN does not come to rest: ${JSON.stringify(report)}`)
    }
  }

  remove(): Promise<void> {
    return this.lan.remove()
  }
}

/** The Nodes that may answer for each address, in their order. */
type Candidates = readonly (readonly [address: string, names: readonly string[]])[]

async function settled(lan: RealLan, nodes: readonly string[]): Promise<Candidates> {
  for (const name of nodes) await lan.announces(name, ({ settled: is }) => is)
  const isWhole = ({ members }: AnnounceView): boolean =>
    members.length === nodes.length - 1 && members.every((each) => each.settled)
  const [name = ''] = nodes
  const { addresses } = await lan.announces(name, isWhole)
  return addresses.map(({ address, candidates }) => [address, candidates])
}

function addressesOf({ services }: LanOptions): readonly string[] {
  return Array.from({ length: services }, (_, at) => [
    lanAddress(at),
    lanAddress(at, 'ipv6'),
  ]).flat()
}
