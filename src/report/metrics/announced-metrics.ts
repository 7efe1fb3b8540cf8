import { Counter, Gauge, type Registry } from 'prom-client'
import type { Occurrence } from '../events/occurrence.ts'
import type { AnnounceSource } from './announce-metrics.ts'

type Source = Pick<AnnounceSource, 'view' | 'bgp'>

interface Row {
  readonly service: string
  readonly address: string
  readonly protocol: 'l2' | 'bgp'
  readonly interface: string
}

/** Registers what says which address is announced where, of layer 2 and BGP alike. */
export function registerAnnouncedMetrics(
  registry: Registry,
  { node, announce }: { readonly node: string; readonly announce: Source },
): { observe(occurrence: Occurrence): void } {
  registerGauges(registry, node, announce)
  const changes = new Counter({
    name: 'nodelb_announcement_changes_total',
    help: 'Times that this node began or ended to announce something.',
    registers: [registry],
  })
  return {
    observe({ event }) {
      if (CHANGES.has(event)) changes.inc()
    },
  }
}

function registerGauges(registry: Registry, node: string, announce: Source): void {
  const registers = [registry]
  new Gauge({
    name: 'nodelb_announced',
    help: '1 for each address of a Service that this node announces, and where.',
    labelNames: ['service', 'address', 'protocol', 'node', 'interface'],
    registers,
    collect() {
      this.reset()
      for (const row of announced(announce)) this.set({ ...row, node }, 1)
    },
  })
  new Gauge({
    name: 'nodelb_unannounced',
    help: '1 for each address of a Service that no live node answers for.',
    labelNames: ['service', 'address'],
    registers,
    collect() {
      this.reset()
      for (const { address, services, owner } of announce.view()?.addresses ?? []) {
        if (owner !== null) continue
        for (const service of services) this.set({ service, address }, 1)
      }
    },
  })
  new Gauge({
    name: 'nodelb_bgp_session_up',
    help: '1 for each BGP session that is established, else 0.',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset()
      for (const { name: peer, state } of announce.bgp()?.peers ?? []) {
        this.set({ peer }, state === 'Established' ? 1 : 0)
      }
    },
  })
}

const CHANGES: ReadonlySet<Occurrence['event']> = new Set([
  'announce-taken',
  'announce-given',
  'bgp-service-announced',
  'bgp-service-not-announced',
])

function announced(source: Source): readonly Row[] {
  const rows: Row[] = []
  for (const { address, services, here } of source.view()?.addresses ?? []) {
    for (const { state, interface: name } of here) {
      if (state !== 'answers' && state !== 'hands-over') continue
      for (const service of services) {
        rows.push({ service, address, protocol: 'l2', interface: name })
      }
    }
  }
  for (const { address, service } of source.bgp()?.addresses ?? []) {
    rows.push({ service, address, protocol: 'bgp', interface: '' })
  }
  return rows
}
