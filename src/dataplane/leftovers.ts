import { FLAVOURS } from '../apply/iptables/programs.ts'
import { readKernel } from '../apply/nftables/read.ts'
import { hasIpvs } from '../apply/sysctl/ipvs-node.ts'
import { printRestored, restoreSaved } from '../apply/sysctl/restore.ts'
import { type RecordedServers, recordedServers } from '../plan/ipvs/ownership.ts'
import type { Claims } from './claims.ts'
import { removeChains } from './iptables/removal.ts'
import { removeIpvs } from './ipvs/removal.ts'
import { removeTables } from './nftables/removal.ts'
import { NOTHING_REMOVED, type PartRemoval, type Removal, removePart } from './removal.ts'
import type { ReopeningSocket } from './reopening-socket.ts'

/** The parts in the order of their removal: the tables show which virtual servers are nodelb's. */
const PARTS = ['ipvs', 'sysctls', 'tables', 'chains'] as const
type Part = (typeof PARTS)[number]

interface LeftoverParts {
  readonly socket: ReopeningSocket
  readonly claims: Claims
  /** The file that keeps the former values of the kernel's settings. */
  readonly sysctlFile: string
}

/** What any backend of nodelb has in this kernel and this process does not use. */
export class Leftovers {
  readonly #socket: ReopeningSocket
  readonly #claims: Claims
  readonly #sysctlFile: string
  /** The virtual servers that the tables named before another backend took them over. */
  #recorded: RecordedServers

  constructor({ socket, claims, sysctlFile }: LeftoverParts) {
    this.#socket = socket
    this.#claims = claims
    this.#sysctlFile = sysctlFile
  }

  /**
   * Remembers the virtual servers that the tables name, if ipvs is loaded, before nftables takes
   * the tables over: then they name NodePorts without addresses. Rejects with NetlinkError.
   */
  async noteServers(): Promise<void> {
    if (hasIpvs()) this.#recorded ??= await this.#readServers()
  }

  /** Forgets the remembered servers, because the tables name those that ipvs programs now. */
  forgetServers(): void {
    this.#recorded = undefined
  }

  /**
   * Removes all leftovers and nothing else. A part that cannot be removed does not stop the others,
   * except the tables, which name the virtual servers. After the signal is aborted nothing more is
   * removed.
   */
  async remove(signal: AbortSignal): Promise<Removal> {
    const removed: string[] = []
    const reasons: string[] = []
    for (const part of PARTS) {
      if (part === 'tables' && reasons.length > 0) continue
      const outcome = await removePart(() => this.#remove(part, signal))
      removed.push(...outcome.removed)
      if (signal.aborted) return { kind: 'overtaken', removed }
      if (outcome.remains !== undefined) reasons.push(outcome.remains)
    }
    if (reasons.length === 0) return { kind: 'removed', removed }
    return { kind: 'remains', removed, reason: [...new Set(reasons)].join('; ') }
  }

  async #remove(part: Part, signal: AbortSignal): Promise<PartRemoval> {
    switch (part) {
      case 'ipvs':
        return this.#removeIpvs(signal)
      case 'sysctls':
        return this.#claims.ipvs === undefined ? this.#restoreSysctls() : NOTHING_REMOVED
      case 'tables':
        if (this.#claims.tables) return NOTHING_REMOVED
        return removeTables(await this.#socket.working(), signal)
      case 'chains':
        return this.#removeChains(signal)
    }
  }

  async #removeIpvs(signal: AbortSignal): Promise<PartRemoval> {
    if (!hasIpvs()) return NOTHING_REMOVED
    const { ipvs: keep, tables } = this.#claims
    // The interface had another name in the configuration; its servers are those in use.
    if (keep !== undefined) return removeIpvs({ recorded: new Set(), keep, signal })
    const named = tables ? undefined : await this.#readServers()
    const outcome = await removeIpvs({ recorded: this.#recorded ?? named, signal })
    if (outcome.remains === undefined && !signal.aborted) this.#recorded = undefined
    return outcome
  }

  async #removeChains(signal: AbortSignal): Promise<PartRemoval> {
    const removed: string[] = []
    const reasons: string[] = []
    for (const flavour of FLAVOURS) {
      if (signal.aborted || this.#claims.chains(flavour)) continue
      const outcome = await removePart(() => removeChains(flavour, signal))
      removed.push(...outcome.removed)
      if (outcome.remains !== undefined) reasons.push(outcome.remains)
    }
    return { removed, ...(reasons.length > 0 && { remains: reasons.join('; ') }) }
  }

  /**
   * Restores the settings, but forwarding only if no backend is in use: without it, a node would
   * not lead clients to endpoints on other nodes.
   */
  #restoreSysctls(): PartRemoval {
    const chosen = this.#claims.none ? () => true : (name: string) => !isForwarding(name)
    const outcome = restoreSaved({ file: this.#sysctlFile }, chosen)
    if (outcome.kind === 'unusable') {
      const { file, errno } = outcome
      const remains = `${errno} ${file}: what settings of the kernel were before is not known`
      return { removed: [], remains }
    }
    const restored = outcome.sysctls.filter(({ kind }) => kind === 'restored').length
    const others = outcome.sysctls.filter(({ kind }) => kind !== 'restored' && kind !== 'gone')
    const changes = `changes of ${restored} sysctl${restored === 1 ? '' : 's'}`
    return { removed: [...(restored === 0 ? [] : [changes]), ...others.map(printRestored)] }
  }

  async #readServers(): Promise<RecordedServers> {
    return recordedServers((await readKernel(await this.#socket.working())).ruleset)
  }
}

function isForwarding(name: string): boolean {
  return name === 'net.ipv4.ip_forward' || name.startsWith('net.ipv6.')
}
