import type { Overlap } from '../../support/lan-asker.ts'
import type { LanReport } from '../../support/lan-client.ts'
import { RealLan } from '../../support/real-lan.ts'
import { lanAddress } from '../../support/real-lan-files.ts'
import type { RunningAgent } from '../../support/running-agent.ts'
import { timeOf } from '../../support/running-program.ts'
import { type Evidence, type Interruption, isWell, type Taking } from './laws.ts'
import { type LanStep, NODES, SERVICES } from './schedule.ts'

/** Questions for all addresses together, in a second. */
const RATE = 400
/** A connection that takes longer counts as lost: a SYN that meets an old socket comes again after a second. */
const PATIENCE_MS = 3_000

/** How one recovers from what befell a node. */
type Recovery = () => Promise<unknown>

/** The LAN on which a schedule is played: real nodes, with the shipped program. */
export class LanWorld {
  readonly #lan: RealLan
  readonly #agents: { readonly node: string; readonly agent: RunningAgent }[] = []
  readonly #interruptions: Interruption[] = []
  readonly #recoveries: Map<string, Recovery> = new Map()
  readonly #drained: Set<string> = new Set()
  readonly #strangers: Set<string> = new Set()
  #services = SERVICES

  private constructor(lan: RealLan) {
    this.#lan = lan
  }

  static async build(): Promise<LanWorld> {
    const lan = await RealLan.build({ nodes: NODES, services: SERVICES })
    const world = new LanWorld(lan)
    try {
      await Promise.all(NODES.map((node) => world.#start(node)))
      await lan.watch(addresses, { questions: RATE, connectWithin: PATIENCE_MS })
      return world
    } catch (error) {
      await lan.remove()
      throw error
    }
  }

  async act(step: LanStep): Promise<void> {
    switch (step.kind) {
      case 'wait':
        await new Promise((done) => setTimeout(done, step.ms))
        return
      case 'services':
        this.#setServices(step.count)
        return
      case 'stranger':
        await this.#stranger(lanAddress(step.address), step.on)
        return
      case 'upgrade':
        this.#interrupted(step.node)
        await this.#lan.agent(step.node).end('SIGTERM')
        await this.#start(step.node)
        return
      case 'flush':
        await this.#lan.run(step.node, ['nft', 'flush', 'ruleset'])
        return
      case 'recover':
        await this.#recover(step.node)
        return
      default:
        this.#recoveries.set(step.node, await this.#befall(step.node, step.kind))
    }
  }

  /** Has everything be as it should, and resolves when each address has its owner again. */
  async calm(): Promise<void> {
    for (const node of NODES) await this.#recover(node)
    for (const address of [...this.#strangers]) await this.#stranger(address, false)
    this.#setServices(SERVICES)
    for (const node of NODES)
      await this.#lan.announces(node, (view) => isWell(node, view, addresses.length))
    const { addresses: all } = await this.#lan.announces(NODES[0])
    await Promise.all(
      all.map(({ address, candidates }) => this.#lan.until(address, candidates[0] ?? '')),
    )
  }

  /** What the client saw since the last report. */
  report(): Promise<LanReport> {
    return this.#lan.report()
  }

  /** With the names of nodes; whoever is none has been put there by a step. */
  namesIn({ macs, ...overlap }: Overlap): Overlap {
    return { ...overlap, macs: NODES.filter((node) => macs.includes(this.#lan.mac(node))) }
  }

  get evidence(): Evidence {
    return { takings: this.#agents.flatMap(takingsOf), interruptions: this.#interruptions }
  }

  /** What all nodes tell of themselves, for somebody who looks for what went wrong. */
  async transcript(lines: number): Promise<string> {
    const statuses = await Promise.all(
      NODES.map(async (node) => (await this.#lan.announcing(node)).join('\n')),
    )
    const words = this.#agents
      .slice(-2 * NODES.length)
      .map(
        ({ node, agent }) => `${node}:\n${agent.transcript().split('\n').slice(-lines).join('\n')}`,
      )
    return [...statuses, ...words].join('\n\n')
  }

  remove(): Promise<void> {
    return this.#lan.remove()
  }

  async #befall(
    node: string,
    trouble: Exclude<
      LanStep['kind'],
      'wait' | 'services' | 'stranger' | 'upgrade' | 'flush' | 'recover'
    >,
  ): Promise<Recovery> {
    const lan = this.#lan
    switch (trouble) {
      case 'power-off':
        await lan.cable(node, 'out')
        this.#interrupted(node)
        await lan.agent(node).end('SIGKILL')
        await lan.run(node, ['nft', 'delete', 'table', 'netdev', 'nodelb-announce'])
        return async () => {
          await lan.cable(node, 'in')
          await this.#start(node)
        }
      case 'kill':
        this.#interrupted(node)
        await lan.agent(node).end('SIGKILL')
        return () => this.#start(node)
      case 'freeze':
        this.#interrupted(node)
        lan.agent(node).kill('SIGSTOP')
        return async () => {
          lan.agent(node).kill('SIGCONT')
        }
      case 'unplug':
        await lan.carrier(node, 'down')
        // It falls silent when it notices; before that all would seem well if the cable were in again.
        await lan.announces(node, ({ addresses: all }) =>
          all.every(({ here }) => here.length === 0),
        )
        return () => lan.carrier(node, 'up')
      case 'deafen':
        await lan.beats([node], false)
        return () => lan.beats([node], true)
      case 'drain':
        this.#drained.add(node)
        this.#write()
        return async () => {
          this.#drained.delete(node)
          this.#write()
        }
    }
  }

  #setServices(count: number): void {
    this.#services = count
    this.#write()
  }

  async #recover(node: string): Promise<void> {
    const recovery = this.#recoveries.get(node)
    this.#recoveries.delete(node)
    await recovery?.()
  }

  async #stranger(address: string, on: boolean): Promise<void> {
    if (on) this.#strangers.add(address)
    else this.#strangers.delete(address)
    const change = on ? 'add' : 'delete'
    await this.#lan.ip('stranger', 'address', change, `${address}/32`, 'dev', 'eth0')
    const claim = ['arping', '-q', '-c', '1', '-U', '-I', 'eth0', address]
    if (on) await this.#lan.run('stranger', claim)
    // Who believed the stranger finds out after some seconds, and asks again.
    else await this.#lan.ip('client', 'neighbour', 'flush', 'dev', 'eth0')
  }

  async #start(node: string): Promise<void> {
    this.#agents.push({ node, agent: await this.#lan.start(node) })
  }

  #interrupted(node: string): void {
    this.#interruptions.push({ node, at: Date.now() })
  }

  #write(): void {
    this.#lan.write([...this.#drained], this.#services)
  }
}

const addresses: readonly string[] = Array.from({ length: SERVICES }, (_, at) => [
  lanAddress(at),
  lanAddress(at, 'ipv6'),
]).flat()

function takingsOf({
  node,
  agent,
}: {
  readonly node: string
  readonly agent: RunningAgent
}): readonly Taking[] {
  return agent.lines
    .filter(({ event }) => event === 'announce-taken')
    .map((line) => ({
      node,
      address: String(line['address']),
      from: typeof line['from'] === 'string' ? line['from'] : undefined,
      at: timeOf(line),
    }))
}
