import type { Port, Protocol } from '../model/address.ts'
import { countLeading } from '../model/address-range.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import { byAge } from './order.ts'
import type { Claimant, Sharing } from './world.ts'

/** What stands between two Services and one address; the holder is the one that has it. */
export type Obstacle =
  /** They do not name the same key. */
  | { readonly kind: 'key'; readonly holder: ServiceName }
  /** Both use that port. */
  | {
      readonly kind: 'port'
      readonly holder: ServiceName
      readonly protocol: Protocol
      readonly port: Port
    }
  /** Their external policies differ, or both are Local and the selectors differ. */
  | { readonly kind: 'backend'; readonly holder: ServiceName }

/** The Services that have one address. All have the same key of sharing if there are several. */
export class Tenants {
  readonly #holders: Claimant[] = []
  // Most addresses have one tenant, and nobody ever asks for its ports.
  #ports: Map<string, Claimant> | undefined
  #isMixed = false

  /** Oldest first. */
  get holders(): readonly Claimant[] {
    return this.#holders
  }

  /** Lets a Service in; it must have no obstacle but its pods. */
  add(claimant: Claimant): void {
    const older = countLeading(this.#holders, (each) => byAge(each, claimant) < 0)
    const [other = claimant] = this.#holders
    if (other.sharing.backend !== claimant.sharing.backend) this.#isMixed = true
    this.#holders.splice(older, 0, claimant)
    if (this.#ports !== undefined) notePorts(this.#ports, claimant)
  }

  /** Returns the tenants without this one. */
  without(claimant: Claimant): Tenants {
    const rest = new Tenants()
    for (const holder of this.#holders) if (holder !== claimant) rest.add(holder)
    return rest
  }

  /**
   * Returns what keeps a Service from joining; undefined if nothing does. The rule is MetalLB's (its
   * manual, IP address sharing): the same key, no common port, and the same pods unless both have
   * the policy Cluster.
   */
  obstacleTo({ sharing }: Claimant): Obstacle | undefined {
    return this.#obstacleBeforePods(sharing) ?? this.#otherPods(sharing)
  }

  /** Returns what keeps a Service from staying, if it has the address already. */
  obstacleToStay({ sharing }: Claimant): Obstacle | undefined {
    return this.#obstacleBeforePods(sharing)
  }

  #obstacleBeforePods({ key, ports }: Sharing): Obstacle | undefined {
    const [oldest] = this.#holders
    if (oldest === undefined) return undefined
    if (key === undefined || key !== oldest.sharing.key) {
      return { kind: 'key', holder: serviceName(oldest) }
    }
    this.#ports ??= portsOf(this.#holders)
    for (const { protocol, port } of ports) {
      const other = this.#ports.get(portText({ protocol, port }))
      if (other !== undefined) return { kind: 'port', holder: serviceName(other), protocol, port }
    }
    return undefined
  }

  #otherPods({ backend }: Sharing): Obstacle | undefined {
    const asked = this.#isMixed ? this.#holders : this.#holders.slice(0, 1)
    const other = asked.find(({ sharing }) => sharing.backend !== backend)
    return other && { kind: 'backend', holder: serviceName(other) }
  }
}

function portsOf(holders: readonly Claimant[]): Map<string, Claimant> {
  const ports = new Map<string, Claimant>()
  for (const holder of holders) notePorts(ports, holder)
  return ports
}

function notePorts(ports: Map<string, Claimant>, holder: Claimant): void {
  for (const port of holder.sharing.ports) ports.set(portText(port), holder)
}

/** Returns a text that is the same for the same port. */
export function portText({ protocol, port }: Sharing['ports'][number]): string {
  return `${protocol}/${port}`
}

/** A Service that has to leave an address, and why. */
export interface Leaving {
  readonly claimant: Claimant
  readonly obstacle: Obstacle
}

/**
 * Returns who of the Services that have one address has to leave it. Those with the key that most
 * of them have stay, on a tie those with the oldest one's, as far as no older one of them has the
 * same port. Their pods may differ: to move one would hurt more. They are given oldest first.
 */
export function leavingOf(claimants: readonly Claimant[]): readonly Leaving[] {
  const leaving: Leaving[] = []
  const staying = new Tenants()
  for (const claimant of new Set([...largest(claimants), ...claimants])) {
    const obstacle = staying.obstacleToStay(claimant)
    if (obstacle === undefined) staying.add(claimant)
    else leaving.push({ claimant, obstacle })
  }
  return leaving
}

/** A Service without a key is a company of its own. A Map keeps the order: the oldest first. */
function largest(claimants: readonly Claimant[]): readonly Claimant[] {
  const companies = new Map<string | Claimant, Claimant[]>()
  for (const claimant of claimants) {
    const key = claimant.sharing.key ?? claimant
    const company = companies.get(key)
    if (company === undefined) companies.set(key, [claimant])
    else company.push(claimant)
  }
  return [...companies.values()].reduce((a, b) => (b.length > a.length ? b : a), [])
}
