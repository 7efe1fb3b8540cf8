import type { ConntrackSettings } from '../../model/conntrack.ts'

/** A kernel setting that nodelb wants. */
export interface WantedSysctl {
  /** The name as in sysctl(8). */
  readonly name: string
  readonly value: number
  /** True if a larger value may stay, because an administrator may have set it. */
  readonly orMore: boolean
}

/** Returns what kube-proxy would set (cmd/kube-proxy/app/server_linux.go, setupConntrack). */
export function wantedSysctls(
  settings: ConntrackSettings,
  processors: number,
): readonly WantedSysctl[] {
  const { maxPerCore, min } = settings
  const most = maxPerCore > 0 ? Math.max(maxPerCore * processors, min) : undefined
  return [
    ...sysctl('max', most, true),
    ...sysctl('tcp_timeout_established', settings.tcpEstablishedTimeout),
    ...sysctl('tcp_timeout_close_wait', settings.tcpCloseWaitTimeout),
    ...sysctl('tcp_be_liberal', settings.tcpBeLiberal ? 1 : undefined),
    ...sysctl('udp_timeout', settings.udpTimeout),
    ...sysctl('udp_timeout_stream', settings.udpStreamTimeout),
  ]
}

/**
 * NodePorts on 127.0.0.0/8 need it: without it the kernel drops packets between loopback and other
 * interfaces. kube-proxy sets it, too (pkg/proxy/iptables/proxier.go, NewProxier).
 */
export const ROUTE_LOCALNET: WantedSysctl = {
  name: 'net.ipv4.conf.all.route_localnet',
  value: 1,
  orMore: false,
}

/**
 * Returns the least number of buckets of the flow table, with four flows for each, as in
 * kube-proxy; undefined if the table's size is left as it is.
 */
export function wantedBuckets(wanted: readonly WantedSysctl[]): number | undefined {
  const most = wanted.find(({ name }) => name === `${PREFIX}max`)
  return most && Math.floor(most.value / FLOWS_PER_BUCKET)
}

/** Returns whether the value that was found has to be changed. */
export function differs(found: number, { value, orMore }: WantedSysctl): boolean {
  return orMore ? found < value : found !== value
}

const PREFIX = 'net.netfilter.nf_conntrack_'
const FLOWS_PER_BUCKET = 4

function sysctl(name: string, value: number | undefined, orMore = false): readonly WantedSysctl[] {
  return value === undefined ? [] : [{ name: PREFIX + name, value, orMore }]
}
