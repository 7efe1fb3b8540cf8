import { Counter, Gauge, type Registry } from 'prom-client'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { Occurrence } from '../events/occurrence.ts'
import type { AnnounceSource } from './announce-metrics.ts'

type Source = Pick<AnnounceSource, 'bgp'>
type Peer = BgpView['peers'][number]

/** Registers the metrics of announcing by BGP, MetalLB's by their names; most are read when scraped. */
export function registerBgpMetrics(
  registry: Registry,
  source: Source,
): { observe(occurrence: Occurrence): void } {
  registerPeers(registry, source)
  const registers = [registry]
  new Gauge({
    name: 'nodelb_bgp_engine_up',
    help: '1 if FRR can be configured; 0 also where nothing is announced by BGP.',
    registers,
    collect() {
      this.set(source.bgp()?.failure === null ? 1 : 0)
    },
  })
  new Gauge({
    name: 'nodelb_bgp_problems',
    help: 'Problems of announcing by BGP that a person should settle.',
    registers,
    collect() {
      this.set(source.bgp()?.problems.length ?? 0)
    },
  })
  const drift = new Counter({
    name: 'nodelb_bgp_drift_repaired_total',
    help: 'Operations it took to restore what others had changed in FRR.',
    registers,
  })
  return {
    observe(occurrence) {
      if (occurrence.event === 'bgp-drift-repaired') drift.inc(occurrence.operations)
    },
  }
}

/** A peer is named as under MetalLB, by address and port. */
function registerPeers(registry: Registry, source: Source): void {
  const [labelNames, registers] = [['peer'], [registry]]
  const rows = [
    ['metallb_bgp_session_up', 'BGP sessions: 1 is up, 0 is down.', isUp],
    [
      'metallb_bgp_announced_prefixes_total',
      'Prefixes that each peer was sent.',
      ({ sent }: Peer) => sent,
    ],
    [
      'metallb_bgp_pending_prefixes_total',
      'Prefixes that each peer is to get.',
      ({ prefixes }: Peer) => prefixes,
    ],
  ] as const
  const set = (metric: Gauge | Counter, value: (peer: Peer) => number): void => {
    metric.reset()
    for (const each of source.bgp()?.peers ?? []) {
      metric.inc(
        { peer: each.at.includes(':') ? `[${each.at}]:${each.port}` : `${each.at}:${each.port}` },
        value(each),
      )
    }
  }
  for (const [name, help, value] of rows) {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        set(this, value)
      },
    })
  }
  new Counter({
    ...{ name: 'metallb_bgp_updates_total', labelNames, registers },
    help: 'UPDATE messages that each peer was sent since FRR started.',
    collect() {
      set(this, ({ updates }) => updates)
    },
  })
}

function isUp({ state }: Peer): number {
  return state === 'Established' ? 1 : 0
}
