import type { Committed, Session } from '../dataplane/session.ts'
import { localEndpoints } from '../frontend/local-endpoints.ts'
import type { Scope } from '../model/node.ts'
import type { ServiceName } from '../model/service-name.ts'
import {
  allFrontends,
  type TcpFlows,
  type TouchedFrontend,
  touchedFrontends,
} from '../plan/flows/stale.ts'
import type { DenialReports } from '../report/denial-reports.ts'
import type { HealthChecks } from '../report/health-checks/health-check.ts'
import type { LocalPolicies } from '../report/metrics/local-policies.ts'
import type { ServiceCounts } from '../report/metrics/service-counts.ts'
import type { Telemetry } from '../report/telemetry.ts'
import { type ObjectChange, serviceOf } from '../watch/object-change.ts'
import type { ObjectStore } from '../watch/object-store.ts'
import type { FlowCleaner } from './flow-cleaner.ts'
import type { ListenerWatch } from './listener-watch.ts'

interface AfterCommitParts {
  readonly node: string
  readonly store: ObjectStore
  readonly telemetry: Telemetry
  readonly healthChecks: HealthChecks
  readonly flows: FlowCleaner
  readonly localPolicies: LocalPolicies
  readonly counts: ServiceCounts
  readonly denials: DenialReports
  readonly listeners: ListenerWatch
  readonly scope: () => Scope | undefined
}

/**
 * Does what follows from a commit: cleans stale flows, updates health checks, and reports denials,
 * refusals and ports that others hold.
 */
export class AfterCommit {
  readonly #parts: AfterCommitParts
  /** The open healthCheckNodePort of each Service. */
  readonly #ports: Map<ServiceName, number> = new Map()
  readonly #touched: Set<ServiceName> = new Set()
  #refused: ReadonlySet<ServiceName> = new Set()

  constructor(parts: AfterCommitParts) {
    this.#parts = parts
  }

  /** Notes the Service that a change concerns, for the next commit. */
  changed(change: ObjectChange): void {
    const name = serviceOf(change)
    if (name !== undefined) this.#touched.add(name)
    this.#parts.listeners.changed(change)
  }

  /** Follows the first commit of a session, in which everything may have changed. */
  started(session: Session, tcp: TcpFlows): void {
    for (const { namespace, name } of this.#parts.store.cluster().services) {
      this.#touched.add(`${namespace}/${name}`)
    }
    this.#parts.denials.started(session.renderer.takeDenials())
    this.#follow(session, allFrontends(session.served(), tcp))
  }

  /** Follows a later commit, with the frontends that it changed. */
  committed(changes: Committed['changes'], session: Session, tcp: TcpFlows): void {
    this.#follow(session, touchedFrontends(changes, tcp))
  }

  /**
   * Follows a comparison with all frontends, because flows may have become stale without a commit.
   */
  compared(changes: Committed['changes'], session: Session, tcp: TcpFlows): void {
    const all = allFrontends(session.served(), tcp)
    this.#follow(session, [...all, ...touchedFrontends(changes, tcp)])
  }

  #follow(session: Session, touched: readonly TouchedFrontend[]): void {
    this.#parts.flows.follow(session, touched, this.#touched)
    // All ports are closed first, because one may have moved from one Service to another.
    for (const name of this.#touched) this.#closeHealthCheck(name)
    for (const name of this.#touched) this.#openHealthCheck(name)
    for (const name of this.#touched) this.#parts.localPolicies.changed(name)
    for (const name of this.#touched) this.#parts.counts.changed(name)
    this.#touched.clear()
    this.#parts.denials.changed(session.renderer.takeDenials())
    this.#tellRefused(session)
    this.#parts.listeners.committed()
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

  /**
   * Returns the Service's healthCheckNodePort; undefined if it has none, or kube-proxy serves it.
   */
  #portOf(name: ServiceName): number | undefined {
    const { store, scope } = this.#parts
    return scope() === 'all' ? store.service(name)?.healthCheckPort : undefined
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
