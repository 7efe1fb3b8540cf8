import type { Cidr } from './address.ts'

/** The schedulers of the kernel, each a module ip_vs_NAME (net/netfilter/ipvs). */
export const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'fo',
  'ovf',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'mh',
  'sed',
  'nq',
  'twos',
] as const

export type Scheduler = (typeof schedulers)[number]

/** Where a Service names a scheduler of its own. */
export const schedulerAnnotation = 'nodelb.io/ipvs-scheduler'

/** Seconds; zero leaves the kernel's. */
export interface IpvsTimeouts {
  readonly tcp: number
  readonly tcpFin: number
  readonly udp: number
}

/** What the operator chose for the ipvs backend. */
export interface IpvsSettings {
  readonly scheduler: Scheduler
  /** The dummy interface that holds the addresses of Services. */
  readonly interface: string
  /** Virtual servers on these addresses are somebody else's, whatever else they look like. */
  readonly excludedRanges: readonly Cidr[]
  readonly strictArp: boolean
  /** Undefined: none of them was set. */
  readonly timeouts: IpvsTimeouts | undefined
}

export const defaultIpvsSettings: IpvsSettings = {
  scheduler: 'rr',
  interface: 'kube-ipvs0',
  excludedRanges: [],
  strictArp: true,
  timeouts: undefined,
}
