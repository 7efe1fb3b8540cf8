import { commitIpvs } from '../../apply/ipvs/commit.ts'
import type { IpvsFailure } from '../../apply/ipvs/failure.ts'
import type { IpvsSockets } from '../../apply/ipvs/sockets.ts'
import type { CommitOutcome } from '../../apply/nftables/commit.ts'
import { markLink } from '../../apply/rtnetlink/links.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import { type Owner, ownerIn } from '../../frontend/label-text.ts'
import type { Address } from '../../model/address.ts'
import { tableOfAddress } from '../../model/family.ts'
import { changeBy } from '../../plan/ipvs/change-by.ts'
import { planIpvsDelta } from '../../plan/ipvs/delta.ts'
import { shownIpvs } from '../../plan/ipvs/explain.ts'
import type { IpvsOperation, IpvsPlan } from '../../plan/ipvs/operation.ts'
import { notedInChanges } from '../../plan/ipvs/served.ts'
import { aroundIpvs } from '../../plan/ipvs/steps.ts'
import type { Plan } from '../../plan/nftables/operation.ts'
import type { Changes } from '../../render/assembly.ts'
import { byKind, changeId, type IpvsChange } from '../../ruleset/ipvs/changes.ts'
import { emptyKernelIpvs, type ServerKey, serverIdOf, serverKey } from '../../ruleset/ipvs/types.ts'
import type { ElementStep } from '../../ruleset/nftables/types.ts'
import type { Commits, Committer } from '../nftables/committer.ts'
import { KnownDummy } from './known-dummy.ts'
import type { OwnServers } from './own-servers.ts'
import { errorOf, intruderIn, occupied, reasonOf } from './refused.ts'
import type { IpvsState } from './state.ts'
import { type IpvsDone, type IpvsTask, NOTHING } from './task.ts'

interface IpvsCommitterParts {
  readonly tables: Committer
  readonly sockets: IpvsSockets
  readonly renderer: ElementRenderer
  readonly servers: OwnServers
  /** The name of the interface that carries the addresses. */
  readonly dummy: string
}

/**
 * Commits plans of the tables and the changes of ipvs between their halves: first additions to the
 * tables, then ipvs, then deletions from the tables (ADR 0013). What ipvs refuses is exempt; the
 * rest goes on.
 */
export class IpvsCommitter implements Commits {
  readonly #tables: Committer
  readonly #sockets: IpvsSockets
  readonly #renderer: ElementRenderer
  readonly #servers: OwnServers
  readonly #interface: string
  /** Refusals by ipvs; a refusal by the tables exempts the whole Service. */
  readonly #own: WeakSet<Refusal> = new WeakSet()
  readonly #dummy: KnownDummy = new KnownDummy()
  #task: IpvsTask | undefined
  #done: IpvsDone = NOTHING
  #doubt: string | undefined

  constructor({ tables, sockets, renderer, servers, dummy }: IpvsCommitterParts) {
    this.#tables = tables
    this.#sockets = sockets
    this.#renderer = renderer
    this.#servers = servers
    this.#interface = dummy
  }

  doubt(): string | undefined {
    return this.#doubt
  }

  /** Makes `doubt` give this reason until everything was compared. */
  distrust(reason: string): void {
    this.#doubt = reason
  }

  get generation(): number {
    return this.#tables.generation
  }

  knows(generation: number): void {
    this.#tables.knows(generation)
  }

  untouched(from: number, to: number): Promise<boolean> {
    return this.#tables.untouched(from, to)
  }

  isCurrent(): Promise<boolean> {
    return this.#tables.isCurrent()
  }

  /** Makes the next commit bring ipvs from what was read to what is rendered. */
  compares(task: IpvsTask, { ipvs, unmarked }: IpvsState): void {
    this.#doubt = undefined
    this.#dummy.found(ipvs, unmarked)
    this.#task = task
  }

  /** Makes the next commit perform the changes of ipvs. Returns those of the tables. */
  follows({ elements, ipvs }: Changes): readonly ElementStep[] {
    this.#plan(ipvs)
    this.#doubt = this.#servers.follows(ipvs) ?? this.#doubt
    return elements
  }

  #plan(changes: readonly IpvsChange[]): void {
    const dummy = this.#interface
    const { servers, addresses } = byKind(changes)
    const byId = new Map(changes.map((change) => [changeId(change), change]))
    const labels = new Map(servers.map(({ server, before }) => [serverKey(server), before?.label]))
    const names = {
      name: dummy,
      before: this.#dummy.exists,
      after: this.#dummy.isBoundAfter(addresses),
    }
    this.#task = {
      dummy,
      plan: planIpvsDelta(changes, names),
      changeBy: (operation) => {
        const change = changeBy(operation, emptyKernelIpvs)
        return change && byId.get(changeId(change))
      },
      flows: notedInChanges(changes),
      served: (address) => this.#dummy.carries(address),
      formerLabel: (server) => labels.get(server),
    }
  }

  /** Records a refusal that exempts only what ipvs refused. */
  refuse(refusal: Refusal, changes: Changes): void {
    const known = this.#renderer.refusals().get(refusal.service)
    this.#renderer.refuse(refusal, changes)
    if (known !== undefined) return
    this.#own.add(refusal)
    this.#note({ refusals: [refusal] })
  }

  async commit(plan: Plan, owned: boolean): Promise<CommitOutcome> {
    const task = this.#task
    if (task === undefined) return this.#tables.commit(plan, owned)
    const { before, after } = aroundIpvs(plan)
    await this.#addDummy(task)
    const first = await this.#tables.commit(before, owned)
    if (first.kind !== 'committed') return first
    await this.#perform(task, this.#withoutRefused(task))
    this.#task = undefined
    const last = await this.#tables.commit(after, owned)
    // The first half is in force, so what was planned is no longer what is missing.
    if (last.kind === 'rejected') return { kind: 'stale' }
    return last.kind === 'committed' ? { ...last, bytes: first.bytes + last.bytes } : last
  }

  take(): IpvsDone {
    const done = this.#done
    this.#done = NOTHING
    return done
  }

  /**
   * Adds the interface, without which nothing works; throws NetlinkError if it cannot be added,
   * before anything is changed.
   */
  async #addDummy({ plan, dummy }: IpvsTask): Promise<void> {
    const first = plan.filter(({ kind }) => kind === 'add-dummy')
    const { failures } = await commitIpvs(this.#sockets, first, () => false)
    for (const failure of failures) throw errorOf(failure)
    for (const operation of first) this.#dummy.performed(operation)
    if (this.#dummy.unmarked) await this.#sockets.route.request(markLink(dummy))
    this.#dummy.marked()
  }

  /**
   * Leaves out operations of Services that the tables refused, so that they stay as they are here
   * too.
   */
  #withoutRefused(task: IpvsTask): IpvsPlan {
    const { plan } = task
    const refusals = this.#renderer.refusals()
    if (refusals.size === 0) return plan
    return plan.filter((operation) => {
      const owner = this.#serviceOf(operation, task)
      const refusal = owner === undefined ? undefined : refusals.get(owner)
      if (refusal === undefined || this.#own.has(refusal)) return true
      const change = task.changeBy(operation)
      if (change) this.#renderer.refuse(refusal, { ipvs: [change] })
      return false
    })
  }

  async #perform(task: IpvsTask, plan: IpvsPlan): Promise<void> {
    const { failures } = await commitIpvs(this.#sockets, plan, task.served)
    const failed = new Set(failures.map(({ operation }) => operation))
    const done = plan.filter((operation) => !failed.has(operation))
    for (const operation of done) this.#dummy.performed(operation)
    const operations = shownIpvs(done, (key) => this.#labelOf(key, task))
    this.#note({ operations, flows: task.flows })
    // Find all Services first: once the first failure is exempt, the labels of the others may be
    // gone.
    const services = failures.map(({ operation }) => this.#serviceOf(operation, task))
    const taken = failures.map(intruderIn)
    this.#note({ intruders: taken.filter((key) => key !== undefined) })
    for (const [at, failure] of failures.entries()) {
      const service = services[at]
      // What follows from a server that another program has is told as that.
      const intruder = taken.find((key, of) => key !== undefined && services[of] === service)
      if (taken[at] === undefined) this.#blame(failure, service, task, intruder)
    }
  }

  #blame(
    failure: IpvsFailure,
    service: Owner | undefined,
    task: IpvsTask,
    intruder: ServerKey | undefined,
  ): void {
    const change = task.changeBy(failure.operation)
    if (service === undefined || change === undefined) throw errorOf(failure)
    const reason = intruder === undefined ? reasonOf(failure) : occupied(intruder)
    this.refuse({ service, reason }, { elements: [], ipvs: [change] })
  }

  /** Returns the Service of an operation; for an address, one that has a server on it. */
  #serviceOf(operation: IpvsOperation, task: IpvsTask): Owner | undefined {
    if (!('server' in operation) && !('address' in operation)) return undefined
    const server =
      'server' in operation ? serverKey(operation.server) : this.#serverAt(operation.address)
    const label = server && this.#labelOf(server, task)
    return label === undefined ? undefined : ownerIn(label)
  }

  #labelOf(server: ServerKey, { formerLabel }: IpvsTask): string | undefined {
    const family = tableOfAddress(serverIdOf(server).address)
    return this.#renderer.label(family, server) ?? formerLabel(server)
  }

  /** Searches all servers, because this is needed only for failures. */
  #serverAt(address: Address): ServerKey | undefined {
    for (const [key, server] of this.#renderer.ipvs()?.servers ?? []) {
      if (server.address === address) return key
    }
    return undefined
  }

  #note({ operations = [], refusals = [], flows = [], intruders = [] }: Partial<IpvsDone>): void {
    this.#done = {
      operations: [...this.#done.operations, ...operations],
      refusals: [...this.#done.refusals, ...refusals],
      flows: [...this.#done.flows, ...flows],
      intruders: [...this.#done.intruders, ...intruders],
    }
  }
}
