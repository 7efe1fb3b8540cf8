import type { Cidr } from './address.ts'

/** The schedulers of the kernel; each is a module ip_vs_NAME (net/netfilter/ipvs). */
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

/** The annotation by which a Service names its own scheduler. */
export const schedulerAnnotation = 'nodelb.io/ipvs-scheduler'

/** Timeouts in seconds; zero leaves the kernel's value. */
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
  /** Virtual servers on these addresses belong to other programs, whatever they look like. */
  readonly excludedRanges: readonly Cidr[]
  readonly strictArp: boolean
  /** Undefined if none of them is set. */
  readonly timeouts: IpvsTimeouts | undefined
}

export const defaultIpvsSettings: IpvsSettings = {
  scheduler: 'rr',
  interface: 'kube-ipvs0',
  excludedRanges: [],
  strictArp: true,
  timeouts: undefined,
}
