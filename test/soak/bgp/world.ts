import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../../../src/model/unreachable.ts'
import { BgpLan, type Counters } from '../../support/bgp-lan.ts'
import {
  advertisement,
  bgpAddress,
  bgpNode,
  bgpPeer,
  bgpService,
  pool,
} from '../../support/bgp-objects.ts'
import type { RunningAgent } from '../../support/running-agent.ts'
import { type BgpScene, type BgpStep, FIRST } from './schedule.ts'

/** The table of the router is read again after so many milliseconds. */
const POLL_MS = 20

/** A node with FRR and the shipped program, and a router, which has the table that is judged. */
export class BgpWorld {
  readonly #lan: BgpLan
  #scene = FIRST
  #agent: RunningAgent | undefined
  #isEngineUp = true
  #transcripts = ''

  private constructor(lan: BgpLan) {
    this.#lan = lan
  }

  static async build(): Promise<BgpWorld> {
    // Within an autonomous system, so that the router is told of localPref.
    const world = new BgpWorld(await BgpLan.build({ routerAs: 64501 }))
    world.#lan.write(objectsOf(FIRST))
    return world
  }

  async act(step: BgpStep): Promise<void> {
    switch (step.kind) {
      case 'objects':
        this.#scene = step.scene
        this.#lan.write(objectsOf(step.scene))
        return
      case 'wait':
        await pause(step.ms)
        return
      case 'kill-engine':
        await pause(step.after)
        await this.#lan.node.kill('bgpd')
        this.#isEngineUp = false
        return
      case 'kill-agent':
      case 'end-agent':
        await pause(step.after)
        await this.#end(step.kind === 'kill-agent' ? 'SIGKILL' : 'SIGTERM')
        return
      case 'start-engine':
        await this.#startEngine()
        return
      case 'start-agent':
        await this.#startAgent()
        return
      default:
        unreachable(step)
    }
  }

  /** Starts what is dead; resolves when FRR takes connections and the rules of the agent are programmed. */
  async start(): Promise<void> {
    await Promise.all([this.#startEngine(), this.#startAgent()])
  }

  /**
   * Resolves once the router has what the objects demand, with `undefined`, or after so many milliseconds
   * with what it has instead.
   */
  async settled(within: number): Promise<string | undefined> {
    const wanted = wantedIn(this.#scene)
    const began = performance.now()
    for (;;) {
      const found = await this.#table()
      if (JSON.stringify(found) === JSON.stringify(wanted)) return undefined
      if (performance.now() - began > within) {
        return `the router has\n    ${found.join('\n    ')}\n  and should have\n    ${wanted.join('\n    ')}`
      }
      await pause(POLL_MS)
    }
  }

  /** Returns what `nodelb diff` would change in FRR; undefined if nothing. */
  async difference(): Promise<string | undefined> {
    const { out, said } = await this.#lan.nodelb('diff', ...this.#lan.sources)
    return out === '0 operations' ? undefined : `${out}\n${said}`
  }

  counters(): Promise<Counters> {
    return this.#lan.counters()
  }

  /** The last lines of the agents about FRR and themselves. */
  transcript(lines: number): string {
    const all = `${this.#transcripts}${this.#agent?.transcript() ?? ''}`
    const told = all.split('\n').filter((line) => /"event":"(?:agent|bgp-(?!service))/.test(line))
    return told.slice(-lines).join('\n')
  }

  async remove(): Promise<void> {
    await this.#lan.remove()
  }

  async #startEngine(): Promise<void> {
    if (this.#isEngineUp) return
    await this.#lan.node.run('bgpd')
    this.#isEngineUp = true
  }

  async #startAgent(): Promise<void> {
    this.#agent ??= await this.#lan.start()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    await this.#agent?.end(signal)
    this.#transcripts += `${this.#agent?.transcript() ?? ''}\n`
    this.#agent = undefined
  }

  /** A line for each prefix that the router has from the node. */
  async #table(): Promise<readonly string[]> {
    const table = await this.#lan.table()
    return [...table]
      .map(([prefix, { communities, localPref }]) => lineOf(prefix, communities, localPref))
      .toSorted()
  }
}

function lineOf(
  prefix: string,
  communities: readonly string[],
  localPref: number | undefined,
): string {
  return [prefix, localPref, ...communities.toSorted()].join(' ')
}

function wantedIn({ services, asleep, communities, localPref }: BgpScene): readonly string[] {
  return services
    .filter((each) => !asleep.includes(each))
    .map((each) => lineOf(`${bgpAddress(each)}/32`, communities, localPref))
    .toSorted()
}

function objectsOf({ services, asleep, communities, localPref }: BgpScene): readonly object[] {
  return [
    ...[bgpNode(), pool('many', ['100.64.0.0/16']), bgpPeer('tor', { peerASN: 64501 })],
    advertisement('all', { communities, localPref }),
    ...services.flatMap((each) =>
      bgpService(`many-${each}`, bgpAddress(each), {}, !asleep.includes(each)),
    ),
  ]
}
