import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { readKernel } from '../apply/nftables/read.ts'
import { hasIpvs } from '../apply/sysctl/ipvs-node.ts'
import type { SysctlOutcome } from '../apply/sysctl/prepare-node.ts'
import { printRestored, restoreSaved } from '../apply/sysctl/restore.ts'
import type { Settings } from '../model/node.ts'
import { type RecordedServers, recordedServers } from '../plan/ipvs-ownership.ts'
import { type BackendChoice, chooseBackend } from './backend-choice.ts'
import type { Dataplane, Goal } from './dataplane.ts'
import { IptablesDataplane, removeChains } from './iptables-dataplane.ts'
import { IpvsDataplane } from './ipvs-dataplane.ts'
import { removeIpvs } from './ipvs-removal.ts'
import { NftablesDataplane } from './nftables-dataplane.ts'
import { cleanup } from './program.ts'
import { SteadySocket } from './steady-socket.ts'

/** What backends leave behind in a kernel, in the order in which it is removed. */
const PARTS = ['ipvs', 'sysctls', 'tables', 'chains'] as const
type Part = (typeof PARTS)[number]

export interface DataplanesOptions {
  /** The file that keeps what settings of the kernel were before. */
  readonly sysctlFile?: string
  readonly onSysctl?: (outcome: SysctlOutcome) => void
}

/** In a folder that a reboot empties: it resets the settings as well. */
export const SYSCTL_FILE = '/run/nodelb/sysctls.json'

export interface Decided {
  readonly goal: Goal
  /** Undefined where the settings name the backend. */
  readonly choice: BackendChoice | undefined
}

/** The backends, with what they share: one socket owns the nftables tables of whichever it is. */
export class Dataplanes {
  readonly #socket: SteadySocket = new SteadySocket()
  readonly #nftables: Dataplane
  readonly #ipvs: Dataplane
  readonly #iptables: Dataplane = new IptablesDataplane()
  readonly #sysctlFile: string
  /** The virtual servers that the tables named before another backend had them. */
  #recorded: RecordedServers

  constructor({ sysctlFile = SYSCTL_FILE, onSysctl = () => undefined }: DataplanesOptions = {}) {
    const socket = this.#socket
    this.#sysctlFile = sysctlFile
    this.#nftables = new NftablesDataplane(socket, () => this.#noteServers())
    this.#ipvs = new IpvsDataplane({ socket, sysctlFile, onSysctl })
  }

  of({ ipvs, iptables }: Settings): Dataplane {
    if (iptables !== undefined) return this.#iptables
    return ipvs === undefined ? this.#nftables : this.#ipvs
  }

  /** The goal with a backend that this kernel has, where that was left open. */
  async decide(goal: Goal): Promise<Decided> {
    const { otherwise, ...settings } = goal.settings
    if (otherwise === undefined) return { goal, choice: undefined }
    const choice = await chooseBackend()
    const chosen = choice.backend === 'iptables' ? { iptables: otherwise } : {}
    return { goal: { ...goal, settings: { ...settings, ...chosen } }, choice }
  }

  /**
   * Removes what other backends than the one of these settings left, once that one has programmed
   * all; says what, a phrase each. Rejects with NetlinkError where something stays.
   */
  async removeOthers({ ipvs, iptables }: Settings): Promise<readonly string[]> {
    if (iptables !== undefined) {
      const servers = await this.#remove('ipvs')
      const sysctls = this.#restoreSysctls((name) => !isForwarding(name))
      return [...servers, ...sysctls, ...(await this.#remove('tables'))]
    }
    return [...(await this.#removeBeside(ipvs)), ...(await removeChains())]
  }

  async #removeBeside(ipvs: Settings['ipvs']): Promise<readonly string[]> {
    // An interface that the configuration called otherwise; the servers are those in use.
    if (ipvs !== undefined) return removeIpvs(new Set(), ipvs.interface)
    const removed = await this.#removeIpvs(this.#recorded)
    this.#recorded = undefined
    return [...removed, ...this.#restoreSysctls((name) => !isForwarding(name))]
  }

  /** Removes what any backend left, and nothing else; says what, a phrase each. */
  async removeAll(): Promise<readonly string[]> {
    return this.#removeParts(PARTS)
  }

  /** Of the nftables rule set; undefined where the kernel does not say. */
  generation(): Promise<number | undefined> {
    return this.#socket.generation()
  }

  /** Resolves when the kernel has let go of the tables that the socket owned. */
  close(): Promise<void> {
    return this.#socket.close()
  }

  async #removeParts(parts: readonly Part[]): Promise<readonly string[]> {
    const removed: string[] = []
    for (const part of parts) removed.push(...(await this.#remove(part)))
    return removed
  }

  async #remove(part: Part): Promise<readonly string[]> {
    switch (part) {
      case 'ipvs':
        return this.#removeIpvs(await this.#readServers())
      case 'sysctls':
        return this.#restoreSysctls()
      case 'chains':
        return removeChains()
      case 'tables': {
        const tables = await cleanup(await this.#socket.working())
        return tables === 0 ? [] : [`${tables} table${tables === 1 ? '' : 's'}`]
      }
    }
  }

  async #removeIpvs(recorded: RecordedServers): Promise<readonly string[]> {
    return hasIpvs() ? removeIpvs(recorded) : []
  }

  #restoreSysctls(chosen?: (name: string) => boolean): readonly string[] {
    const outcome = restoreSaved({ file: this.#sysctlFile }, chosen)
    if (outcome.kind === 'unusable') {
      const explanation = 'what settings of the kernel were before is not known'
      throw new NetlinkError(outcome.errno, outcome.file, { explanation })
    }
    const restored = outcome.sysctls.filter(({ kind }) => kind === 'restored').length
    const others = outcome.sysctls.filter(({ kind }) => kind !== 'restored' && kind !== 'gone')
    return [
      ...(restored === 0 ? [] : [`changes of ${restored} sysctl${restored === 1 ? '' : 's'}`]),
      ...others.map(printRestored),
    ]
  }

  /** Once the tables are those of nftables they name NodePorts without their addresses. */
  async #noteServers(): Promise<void> {
    if (hasIpvs()) this.#recorded ??= await this.#readServers()
  }

  async #readServers(): Promise<RecordedServers> {
    if (!hasIpvs()) return undefined
    return recordedServers((await readKernel(await this.#socket.working())).ruleset)
  }
}

/** All backends need it: without, a node that has endpoints elsewhere leads nobody there. */
function isForwarding(name: string): boolean {
  return name === 'net.ipv4.ip_forward' || name.startsWith('net.ipv6.')
}
