import type { ConntrackSettings } from '../../model/conntrack.ts'

/** A setting of the kernel as it is to be. */
export interface WantedSysctl {
  /** As sysctl(8) has it. */
  readonly name: string
  readonly value: number
  /** A larger value was somebody's wish and stays. */
  readonly orMore: boolean
}

/** What kube-proxy would set (cmd/kube-proxy/app/server_linux.go, setupConntrack). */
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
 * What NodePorts on 127.0.0.0/8 take: the kernel drops packets between loopback and other interfaces
 * without it. kube-proxy sets it likewise (pkg/proxy/iptables/proxier.go, NewProxier).
 */
export const ROUTE_LOCALNET: WantedSysctl = {
  name: 'net.ipv4.conf.all.route_localnet',
  value: 1,
  orMore: false,
}

/** How many buckets the flow table wants at least: four flows share one, as with kube-proxy. */
export function wantedBuckets(wanted: readonly WantedSysctl[]): number | undefined {
  const most = wanted.find(({ name }) => name === `${PREFIX}max`)
  return most && Math.floor(most.value / FLOWS_PER_BUCKET)
}

export function differs(found: number, { value, orMore }: WantedSysctl): boolean {
  return orMore ? found < value : found !== value
}

const PREFIX = 'net.netfilter.nf_conntrack_'
const FLOWS_PER_BUCKET = 4

function sysctl(name: string, value: number | undefined, orMore = false): readonly WantedSysctl[] {
  return value === undefined ? [] : [{ name: PREFIX + name, value, orMore }]
}
