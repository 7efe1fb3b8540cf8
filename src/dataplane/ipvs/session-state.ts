import { inSteps } from '../../apply/in-steps.ts'
import type { IpvsSockets } from '../../apply/ipvs/sockets.ts'
import { type KernelState, readKernel } from '../../apply/nftables/read.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import { completed, type ServedFrontends } from '../../frontend/frontend-change.ts'
import type { IpFamily } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { tableOf } from '../../model/family.ts'
import type { IpvsSettings } from '../../model/ipvs.ts'
import { servedByIpvs } from '../../plan/ipvs/served.ts'
import type { ServerKey } from '../../ruleset/ipvs/types.ts'
import type { Beginning, BeginParts } from '../nftables/session-begin.ts'
import { IpvsCommitter } from './committer.ts'
import { intrusions, ipvsTask } from './compare.ts'
import { OwnServers } from './own-servers.ts'
import { type IpvsState, readIpvsState, renderBesideIpvs } from './state.ts'
import type { IpvsOutcome } from './task.ts'

/** Sets what ipvs needs on the node for these families. */
export type PrepareNode = (families: readonly IpFamily[]) => void

/** What a session has on the node besides the tables. */
interface BesideTables {
  readonly sockets: IpvsSockets
  readonly prepare: PrepareNode
}

/** Begins a session of ipvs, for `startSessionWith`. Rejects with NetlinkError. */
export async function beginWithIpvs(
  { sockets, prepare }: BesideTables,
  { socket, goal, tables }: BeginParts,
): Promise<Beginning<IpvsSide>> {
  const settings = ipvsOf(goal.settings)
  const readTables = () => readKernel(socket, (from, to) => tables.untouched(from, to))
  const readIpvs = () => readIpvsState(sockets, settings.interface)
  const state = await readTables()
  const found = await readIpvs()
  const renderer = await inSteps(renderBesideIpvs(goal, state.ruleset, found))
  const servers = new OwnServers()
  const dummy = settings.interface
  const committer = new IpvsCommitter({ tables, sockets, renderer, servers, dummy })
  const side = new IpvsSide({ settings, renderer, committer, servers, prepare }, found)
  side.compare(state, found)
  side.prepare()
  const read = async (): Promise<KernelState> => {
    const now = await readTables()
    side.compare(now, await readIpvs())
    return now
  }
  return { state, read, renderer, committer, beside: side }
}

interface IpvsSideParts {
  readonly settings: IpvsSettings
  readonly renderer: ElementRenderer
  readonly committer: IpvsCommitter
  readonly servers: OwnServers
  readonly prepare: PrepareNode
}

/** What a session knows of ipvs in addition to its tables. */
export class IpvsSide {
  readonly #parts: IpvsSideParts
  /** The node's addresses with which it was rendered. */
  readonly #addresses: string
  /** The families for which the node was prepared. */
  #families = ''
  #served: ServedFrontends | undefined
  #outdated = false

  constructor(parts: IpvsSideParts, found: IpvsState) {
    this.#parts = parts
    this.#addresses = addressesOf(found)
  }

  /** Whether the node's addresses differ from those with which it was rendered. */
  get outdated(): boolean {
    return this.#outdated
  }

  /**
   * Prepares the node if families came or went; with `anew` in any case, because others may have
   * changed it.
   */
  prepare(anew = false): void {
    const { renderer, prepare } = this.#parts
    const families = (['ipv4', 'ipv6'] as const).filter(
      (family) => renderer.frame(tableOf(family)) !== undefined,
    )
    const id = families.join(' ')
    if (id === this.#families && !anew) return
    this.#families = id
    prepare(families)
  }

  /** Returns what commits did since the last call. */
  take(): IpvsOutcome {
    const { flows, ...done } = this.#parts.committer.take()
    this.#parts.servers.committed()
    if (flows.length === 0) return { ...done, changes: [] }
    this.#served = undefined
    return { ...done, changes: completed(flows, this.served()) }
  }

  /** Returns where flows lead; it is worked out again only after a change. */
  served(): ServedFrontends {
    this.#served ??= servedByIpvs(this.#parts.renderer.ipvs() ?? NO_RULES)
    return this.#served
  }

  /** Leaves these servers to other programs: the tables no longer name them as nodelb's. */
  yieldTo(servers: readonly ServerKey[]): void {
    for (const server of servers) this.#parts.servers.belongsToOther(server)
    this.#parts.committer.distrust('another program made a virtual server')
  }

  /** Makes the next commit bring ipvs from what was read to what is rendered. */
  compare({ ruleset: tables }: KernelState, found: IpvsState): void {
    this.#served = undefined
    const { renderer, committer, servers, settings } = this.#parts
    const { ipvs: current } = found
    servers.found(current)
    const compared = { tables, current, recorded: servers.recorded(tables) }
    for (const { key, refusal, lost } of intrusions(compared, renderer)) {
      servers.belongsToOther(key)
      committer.refuse(refusal, lost)
    }
    committer.compares(ipvsTask(compared, renderer, settings.excludedRanges), found)
    servers.rendered(renderer.ipvs()?.servers.keys() ?? [])
    if (addressesOf(found) !== this.#addresses) this.#outdated = true
  }
}

function addressesOf({ localAddresses }: IpvsState): string {
  return [...localAddresses].sort().join(' ')
}

const NO_RULES = { servers: new Map(), filter: {} }
