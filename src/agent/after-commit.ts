import type { Committed, Session } from '../dataplane/session.ts'
import { type Denial, MOST_TOLD, reasonOf, winnerOf } from '../frontend/denials.ts'
import type { Scope } from '../model/node.ts'
import type { ServiceName } from '../model/service-name.ts'
import {
  allFrontends,
  type TcpFlows,
  type TouchedFrontend,
  touchedFrontends,
} from '../plan/flows/stale.ts'
import type { ObjectChange } from '../watch/object-change.ts'
import type { ObjectStore } from '../watch/object-store.ts'
import type { Telemetry } from './events/telemetry.ts'
import type { FlowCleaner } from './flow-cleaner.ts'
import type { HealthChecks } from './health-check.ts'
import { localEndpoints } from './health-check-addresses.ts'
import type { LocalPolicies } from './local-policies.ts'

interface AftermathParts {
  readonly node: string
  readonly store: ObjectStore
  readonly telemetry: Telemetry
  readonly healthChecks: HealthChecks
  readonly flows: FlowCleaner
  readonly localPolicies: LocalPolicies
  readonly scope: () => Scope | undefined
}

/** What follows from a commit: stale flows, health checks, news for operators. */
export class Aftermath {
  readonly #parts: AftermathParts
  /** The healthCheckNodePorts that are open. */
  readonly #ports: Map<ServiceName, number> = new Map()
  readonly #touched: Set<ServiceName> = new Set()
  /** The addresses that were told of each Service. */
  readonly #denied: Map<ServiceName, readonly string[]> = new Map()
  #refused: ReadonlySet<ServiceName> = new Set()

  constructor(parts: AftermathParts) {
    this.#parts = parts
  }

  /** Notes what the next commit is about. */
  changed(change: ObjectChange): void {
    const name = serviceOf(change)
    if (name !== undefined) this.#touched.add(name)
  }

  /** Everything may have changed: the first commit of a session. */
  started(session: Session, tcp: TcpFlows): void {
    for (const { namespace, name } of this.#parts.store.cluster().services) {
      this.#touched.add(`${namespace}/${name}`)
    }
    const denials = session.renderer.takeDenials()
    const settled = [...this.#denied.keys()].filter((name) => !denials.has(name))
    this.#tellDenials(new Map([...denials, ...settled.map((name) => [name, []] as const)]))
    this.#follow(session, allFrontends(session.served(), tcp))
  }

  committed({ changes }: Pick<Committed, 'changes'>, session: Session, tcp: TcpFlows): void {
    this.#follow(session, touchedFrontends(changes, tcp))
  }

  /** Flows may have gone stale unseen: nobody compares them with each commit. */
  compared(changes: Committed['changes'], session: Session, tcp: TcpFlows): void {
    const all = allFrontends(session.served(), tcp)
    this.#follow(session, [...all, ...touchedFrontends(changes, tcp)])
  }

  #follow(session: Session, touched: readonly TouchedFrontend[]): void {
    this.#parts.flows.follow(session, touched, this.#touched)
    // First out, then in: a port may have gone from one Service to another.
    for (const name of this.#touched) this.#closeHealthCheck(name)
    for (const name of this.#touched) this.#openHealthCheck(name)
    for (const name of this.#touched) this.#parts.localPolicies.changed(name)
    this.#touched.clear()
    this.#tellDenials(session.renderer.takeDenials())
    this.#tellRefused(session)
  }

  #closeHealthCheck(name: ServiceName): void {
    const former = this.#ports.get(name)
    if (former === undefined || former === this.#portOf(name)) return
    this.#parts.healthChecks.set(former, undefined)
    this.#ports.delete(name)
  }

  #openHealthCheck(name: ServiceName): void {
    const { store, healthChecks, node } = this.#parts
    const service = store.service(name)
    const port = this.#portOf(name)
    if (service === undefined || port === undefined) return
    this.#ports.set(name, port)
    const endpoints = localEndpoints(store.slicesOf(name), node)
    const { namespace } = service
    healthChecks.set(port, { namespace, name: service.name, localEndpoints: endpoints })
  }

  /** Beside kube-proxy the ports are kube-proxy's. */
  #portOf(name: ServiceName): number | undefined {
    const { store, scope } = this.#parts
    return scope() === 'all' ? store.service(name)?.healthCheckPort : undefined
  }

  #tellDenials(denials: ReadonlyMap<ServiceName, readonly Denial[]>): void {
    for (const [service, mine] of denials) this.#tellDenied(service, mine)
  }

  /** A Service may be denied thousands of addresses: a few are told, and how many more there are. */
  #tellDenied(service: ServiceName, denials: readonly Denial[]): void {
    const { telemetry } = this.#parts
    const shown = denials.slice(0, MOST_TOLD)
    for (const denial of shown) {
      const winner = winnerOf(denial)
      const address = denial.key
      if (winner !== undefined) {
        telemetry.tell({ event: 'address-contested', service, address, winner })
      } else {
        telemetry.tell({ event: 'address-refused', service, address, reason: reasonOf(denial) })
      }
    }
    const addresses = shown.map(({ key }): string => key)
    for (const address of this.#denied.get(service) ?? []) {
      if (addresses.includes(address)) continue
      telemetry.tell({ event: 'address-settled', service, address })
    }
    const more = denials.length - shown.length
    if (more > 0) telemetry.tell({ event: 'more-addresses-denied', service, addresses: more })
    else telemetry.tell({ event: 'no-more-addresses-denied', service })
    if (shown.length > 0) this.#denied.set(service, addresses)
    else this.#denied.delete(service)
  }

  #tellRefused(session: Session): void {
    const { telemetry } = this.#parts
    const refusals = session.refusals()
    const refused = new Set([...refusals.keys()].map((owner) => session.renderer.nameOf(owner)))
    for (const [owner, { reason }] of refusals) {
      telemetry.tell({ event: 'service-refused', service: session.renderer.nameOf(owner), reason })
    }
    for (const service of this.#refused) {
      if (!refused.has(service)) telemetry.tell({ event: 'service-accepted', service })
    }
    this.#refused = refused
  }
}

function serviceOf(change: ObjectChange): ServiceName | undefined {
  switch (change.kind) {
    case 'service':
      return `${change.service.namespace}/${change.service.name}`
    case 'service-gone':
      return change.name
    case 'slice':
      return `${change.slice.namespace}/${change.slice.service}`
    case 'slice-gone':
      return change.service
    case 'node':
    case 'other-nodes':
      return undefined
  }
}
