import { Counter, Gauge, type Registry } from 'prom-client'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { Occurrence } from '../events/occurrence.ts'
import type { AnnounceSource } from './announce-metrics.ts'

type Source = Pick<AnnounceSource, 'bgp'>
type Peer = BgpView['peers'][number]
type Messages = NonNullable<Peer['messages']>
type Bfd = NonNullable<Peer['bfd']>
type BfdCounter = Exclude<keyof Bfd, 'vrf' | 'peer' | 'interface' | 'status'>

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

/** A metric of peers: what it counts of one, undefined where it has none. */
interface Row {
  readonly name: string
  readonly help: string
  readonly kind: typeof Gauge | typeof Counter
  readonly value: (peer: Peer) => number | undefined
}

function gauge(name: string, help: string, value: Row['value']): Row {
  return { name, help, kind: Gauge, value }
}

function counter(name: string, help: string, value: Row['value']): Row {
  return { name, help, kind: Counter, value }
}

function messages(name: string, what: string, field: keyof Messages): Row {
  return counter(
    `metallb_bgp_${name}`,
    `${what} since FRR started.`,
    (peer) => peer.messages?.[field],
  )
}

function packets(name: string, what: string, field: BfdCounter): Row {
  return counter(`metallb_bfd_${name}`, `${what} since FRR started.`, (peer) => peer.bfd?.[field])
}

/** As MetalLB has them in its FRR mode. */
const BGP: readonly Row[] = [
  gauge('metallb_bgp_session_up', 'BGP sessions: 1 is up, 0 is down.', ({ state }) =>
    state === 'Established' ? 1 : 0,
  ),
  gauge(
    'metallb_bgp_announced_prefixes_total',
    'Prefixes that each peer was sent.',
    ({ sent }) => sent,
  ),
  gauge(
    'metallb_bgp_pending_prefixes_total',
    'Prefixes that each peer is to get.',
    ({ prefixes }) => prefixes,
  ),
  messages('opens_sent', 'OPEN messages sent', 'opensSent'),
  messages('opens_received', 'OPEN messages received', 'opensReceived'),
  messages('notifications_sent', 'NOTIFICATION messages sent', 'notificationsSent'),
  messages('updates_total', 'UPDATE messages sent', 'updatesSent'),
  messages('updates_total_received', 'UPDATE messages received', 'updatesReceived'),
  messages('keepalives_sent', 'KEEPALIVE messages sent', 'keepalivesSent'),
  messages('keepalives_received', 'KEEPALIVE messages received', 'keepalivesReceived'),
  messages('route_refresh_sent', 'ROUTE-REFRESH messages sent', 'routeRefreshSent'),
  messages('total_sent', 'All messages sent', 'totalSent'),
  messages('total_received', 'All messages received', 'totalReceived'),
]

const BFD: readonly Row[] = [
  gauge('metallb_bfd_session_up', 'BFD sessions: 1 is up, 0 is down.', ({ bfd }) =>
    bfd === null ? undefined : Number(bfd.status === 'up'),
  ),
  packets('control_packet_input', 'BFD control packets received', 'controlInput'),
  packets('control_packet_output', 'BFD control packets sent', 'controlOutput'),
  packets('echo_packet_input', 'BFD echo packets received', 'echoInput'),
  packets('echo_packet_output', 'BFD echo packets sent', 'echoOutput'),
  packets('session_up_events', 'Times that a BFD session came up', 'upEvents'),
  packets('session_down_events', 'Times that a BFD session went down', 'downEvents'),
  packets('zebra_notifications', 'Notifications that bfdd got from zebra', 'zebraNotifications'),
]

/** For BGP a peer is named by address and port, for BFD by its address, and each with its VRF. */
function registerPeers(registry: Registry, source: Source): void {
  const register = (rows: readonly Row[], nameOf: (peer: Peer) => string): void => {
    for (const { name, help, kind: Kind, value } of rows) {
      const labelNames = ['peer', 'vrf']
      new Kind({
        ...{ name, help, labelNames, registers: [registry] },
        collect() {
          this.reset()
          const view = source.bgp()
          // Of the sessions of frr-k8s nothing is seen here.
          for (const each of view?.engine === 'frr' ? view.peers : []) {
            const found = value(each)
            const labels = { peer: nameOf(each), vrf: each.vrf === '' ? 'default' : each.vrf }
            if (found !== undefined) this.inc(labels, found)
          }
        },
      })
    }
  }
  register(BGP, ({ at, port }) => (at.includes(':') ? `[${at}]:${port}` : `${at}:${port}`))
  register(BFD, ({ at, bfd }) => bfd?.peer ?? at)
}
