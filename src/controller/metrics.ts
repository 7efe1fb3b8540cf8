import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision } from '../allocate/decide.ts'
import { registerProcessMetrics } from '../telemetry/process-metrics.ts'

/** The metrics of the controller: MetalLB's by their names, so that boards keep working, and ours. */
export interface ControllerMetrics {
  readonly registry: Registry
  decided(decision: Decision, ms: number): void
  wrote(good: boolean): void
  /** Whether this replica leads, and whether every kind of object has been listed whole. */
  stand(leads: boolean, complete: boolean): void
}

const ROUND_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Returns the metrics in a registry of their own. */
export function controllerMetrics(): ControllerMetrics {
  const registry = new Registry()
  registerProcessMetrics(registry)
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] })
  const pools = poolGauges(gauge)
  const pending = gauge('nodelb_allocator_services_pending', 'Services that wait for an address')
  const leader = gauge('nodelb_controller_leader', '1 if this replica allocates addresses')
  const loaded = gauge('metallb_k8s_client_config_loaded_bool', '1 once all objects were listed')
  const stale = gauge('metallb_k8s_client_config_stale_bool', 'always 0: bad pools stop no others')
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] })
  const updates = counter('metallb_k8s_client_updates_total', 'statuses of Services written')
  const errors = counter(
    'metallb_k8s_client_update_errors_total',
    'statuses that failed to be written',
  )
  const rounds = new Histogram({
    name: 'nodelb_allocator_round_seconds',
    help: 'time in which the addresses of all Services were decided',
    buckets: ROUND_BUCKETS,
    registers: [registry],
  })
  stale.set(0)
  return {
    registry,
    decided(decision, ms) {
      pools(decision)
      pending.set(decision.grants.filter(({ addresses }) => addresses.length === 0).length)
      rounds.observe(ms / 1000)
    },
    wrote(good) {
      if (good) updates.inc()
      else errors.inc()
    },
    stand(leads, complete) {
      leader.set(leads ? 1 : 0)
      loaded.set(complete ? 1 : 0)
    },
  }
}

type NewGauge = (name: string, help: string, labelNames?: readonly string[]) => Gauge

/** The sizes of pools: in total, by family under MetalLB's names, and by family under ours. */
function poolGauges(gauge: NewGauge): (decision: Decision) => void {
  const totals = (family: string): readonly [Gauge, Gauge] => [
    gauge(`metallb_allocator_${family}addresses_total`, 'addresses of the pool', ['pool']),
    gauge(`metallb_allocator_${family}addresses_in_use_total`, 'addresses of the pool in use', [
      'pool',
    ]),
  ]
  const all = totals('')
  const byFamily = { ipv4: totals('ipv4_'), ipv6: totals('ipv6_') }
  const labels = ['pool', 'family']
  const size = gauge('nodelb_pool_addresses', 'addresses that the pool can give', labels)
  const inUse = gauge('nodelb_pool_addresses_in_use', 'addresses of the pool in use', labels)
  const stranded = gauge(
    'nodelb_allocator_addresses_stranded',
    'addresses in use that their pool no longer offers',
    ['pool'],
  )
  return ({ usage, grants }) => {
    for (const each of [...all, ...byFamily.ipv4, ...byFamily.ipv6, size, inUse, stranded]) {
      each.reset()
    }
    for (const { pool, family, size: total, held } of usage) {
      const [ofFamily, usedOfFamily] = byFamily[family]
      ofFamily.set({ pool }, Number(total))
      usedOfFamily.set({ pool }, held)
      all[0].inc({ pool }, Number(total))
      all[1].inc({ pool }, held)
      size.set({ pool, family }, Number(total))
      inUse.set({ pool, family }, held)
    }
    const given = grants.flatMap(({ addresses }) => addresses)
    for (const { pool, stranded: why } of given) {
      if (pool !== undefined && why !== undefined) stranded.inc({ pool })
    }
  }
}
