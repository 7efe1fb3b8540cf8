import { inSteps } from '../../apply/in-steps.ts'
import type { IpvsSockets } from '../../apply/ipvs/sockets.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { type KernelState, readKernel } from '../../apply/nftables/read.ts'
import { completed, type ServedFrontends } from '../../frontend/frontend-change.ts'
import type { IpFamily } from '../../model/address.ts'
import { ipvsOf } from '../../model/backend.ts'
import { tableOf } from '../../model/family.ts'
import { defaultIpvsSettings, type IpvsSettings } from '../../model/ipvs.ts'
import { type RecordedServers, recordedServers } from '../../plan/ipvs/ownership.ts'
import { servedByIpvs } from '../../plan/ipvs/served.ts'
import type { ElementStep } from '../../plan/nftables/delta.ts'
import { IPVS_SETS } from '../../ruleset/ipvs/elements.ts'
import type { ServerKey } from '../../ruleset/ipvs/types.ts'
import type { Goal } from '../dataplane.ts'
import type { Committer } from '../nftables/committer.ts'
import type { Beginning } from '../nftables/session-begin.ts'
import { IpvsCommitter } from './committer.ts'
import { intrusions, ipvsTask } from './compare.ts'
import type { IpvsRenderer } from './renderer.ts'
import { type IpvsState, readIpvsState, renderBesideIpvs } from './state.ts'
import { type IpvsOutcome, NOTHING } from './task.ts'

/** Sets what ipvs needs on the node for these families. */
export type PrepareNode = (families: readonly IpFamily[]) => void

/** What a session knows of ipvs in addition to its tables. */
export class IpvsSide {
  readonly #sockets: IpvsSockets
  readonly #prepare: PrepareNode
  #settings: IpvsSettings = defaultIpvsSettings
  #renderer: IpvsRenderer | undefined
  #committer: IpvsCommitter | undefined
  /** Virtual servers that other programs made. */
  readonly #foreign: Set<ServerKey> = new Set()
  /** Virtual servers that this session has programmed, whatever becomes of the tables. */
  #own: Set<ServerKey> = new Set()
  /** Those of `#own` that are not committed yet. */
  readonly #coming: Set<ServerKey> = new Set()
  /** The families for which the node was prepared. */
  #families = ''
  #served: ServedFrontends | undefined
  #addresses = ''
  #outdated = false
  #doubt: (reason: string) => void = () => undefined

  constructor(sockets: IpvsSockets, prepare: PrepareNode) {
    this.#sockets = sockets
    this.#prepare = prepare
  }

  /** Whether the node's addresses differ from those with which it was rendered. */
  get outdated(): boolean {
    return this.#outdated
  }

  /** Calls the listener when the next commit has to compare everything. */
  onDoubt(listener: (reason: string) => void): void {
    this.#doubt = listener
  }

  /** Begins a session, for `startSession`. Rejects with NetlinkError. */
  readonly begin = async (
    socket: NetlinkSocket,
    goal: Goal,
    tables: Committer,
  ): Promise<Beginning> => {
    this.#settings = ipvsOf(goal.settings)
    const readTables = () => readKernel(socket, (from, to) => tables.untouched(from, to))
    const state = await readTables()
    const found = await this.#read()
    const renderer = await inSteps(renderBesideIpvs(goal, state.ruleset, found))
    renderer.onBeside((changes) => this.#follow(changes))
    this.#renderer = renderer
    this.#committer = new IpvsCommitter(tables, this.#sockets, renderer)
    this.#addresses = addressesOf(found)
    this.#compare(state, found)
    this.prepare()
    const read = async (): Promise<KernelState> => {
      const now = await readTables()
      this.#compare(now, await this.#read())
      return now
    }
    return { state, read, renderer, committer: this.#committer }
  }

  /**
   * Prepares the node if families came or went; with `anew` in any case, because others may have
   * changed it.
   */
  prepare(anew = false): void {
    const families = (['ipv4', 'ipv6'] as const).filter(
      (family) => this.#renderer?.frame(tableOf(family)) !== undefined,
    )
    const id = families.join(' ')
    if (id === this.#families && !anew) return
    this.#families = id
    this.#prepare(families)
  }

  /** Returns what commits did since the last call. */
  take(): IpvsOutcome {
    const { flows, ...done } = this.#committer?.take() ?? NOTHING
    this.#coming.clear()
    if (flows.length === 0) return { ...done, changes: [] }
    this.#served = undefined
    return { ...done, changes: completed(flows, this.served()) }
  }

  /** Returns where flows lead; it is worked out again only after a change. */
  served(): ServedFrontends {
    this.#served ??= servedByIpvs(this.#renderer?.ipvs() ?? { servers: new Map() })
    return this.#served
  }

  /** Leaves these servers to other programs: the tables no longer name them as nodelb's. */
  yieldTo(servers: readonly ServerKey[]): void {
    for (const server of servers) {
      this.#foreign.add(server)
      this.#own.delete(server)
    }
    this.#doubt('somebody else made a virtual server')
  }

  #read(): Promise<IpvsState> {
    return readIpvsState(this.#sockets, this.#settings.interface)
  }

  #compare({ ruleset: tables }: KernelState, found: IpvsState): void {
    const committer = this.#committer
    const renderer = this.#renderer
    if (committer === undefined || renderer === undefined) return
    const { ipvs: current } = found
    for (const key of this.#foreign) if (!current.servers.has(key)) this.#foreign.delete(key)
    const compared = { tables, current, recorded: this.#recorded(tables) }
    for (const { key, refusal, held } of intrusions(compared, renderer)) {
      this.#foreign.add(key)
      committer.refuse(refusal, held)
    }
    const task = ipvsTask(compared, renderer, this.#settings.excludedRanges)
    committer.compares(task, found)
    this.#own = new Set(renderer.ipvs()?.servers.keys() ?? [])
    if (addressesOf(found) !== this.#addresses) this.#outdated = true
  }

  /**
   * Returns the servers that the tables name, and those known from before others deleted the
   * tables.
   */
  #recorded(tables: KernelState['ruleset']): RecordedServers {
    const named = recordedServers(tables)
    const known = [...this.#own].filter((key) => !this.#coming.has(key))
    if (named === undefined && known.length === 0) return undefined
    return new Set([...(named ?? []), ...known].filter((key) => !this.#foreign.has(key)))
  }

  #follow(changes: readonly ElementStep[]): void {
    this.#committer?.follows(changes, this.#settings.interface)
    for (const { set, key, after } of changes) {
      if (set !== IPVS_SETS.servers) continue
      if (after === undefined) this.#own.delete(key)
      else if (this.#foreign.has(key)) this.#doubt('a server of somebody else is in the way')
      else if (!this.#own.has(key)) {
        this.#own.add(key)
        this.#coming.add(key)
      }
    }
  }
}

function addressesOf({ localAddresses }: IpvsState): string {
  return [...localAddresses].sort().join(' ')
}
