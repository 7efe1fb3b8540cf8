import type { IpFamily } from '../../model/address.ts'

/** A setting of the kernel as the ipvs backend wants it. */
export interface NodeSysctl {
  /** As sysctl(8) has it: a dot in the name of an interface is a slash. */
  readonly name: string
  readonly value: number
  /** Other values that do as well, and stay. */
  readonly accepted: readonly number[]
}

/** What of the node decides which settings are needed. */
export interface NodeFound {
  /** `uname -r`. */
  readonly release: string
  /** arp_ignore of each interface. */
  readonly arpIgnore: ReadonlyMap<string, number>
  /** accept_ra of each interface, of a node that does not forward IPv6 yet; else empty. */
  readonly acceptRa: ReadonlyMap<string, number>
}

export interface SysctlWish {
  readonly families: readonly IpFamily[]
  readonly strictArp: boolean
}

/**
 * In the order to set them, that of kube-proxy where it sets them (pkg/proxy/ipvs/proxier.go,
 * NewProxier). What each is for: docs/ipvs.md.
 */
export function ipvsSysctls(wish: SysctlWish, found: NodeFound): readonly NodeSysctl[] {
  return [
    sysctl('net.ipv4.vs.conntrack', 1),
    ...connReuseMode(found.release),
    sysctl('net.ipv4.vs.expire_nodest_conn', 1),
    sysctl('net.ipv4.vs.expire_quiescent_template', 1),
    ...(wish.families.includes('ipv4') ? [sysctl('net.ipv4.ip_forward', 1)] : []),
    ...(wish.families.includes('ipv6') ? ipv6Forwarding(found.acceptRa) : []),
    ...(wish.strictArp ? strictArp(found.arpIgnore) : []),
  ]
}

export function satisfies(value: number, wanted: NodeSysctl): boolean {
  return value === wanted.value || wanted.accepted.includes(value)
}

/** Modes of arp_ignore that answer for an address only where its interface is asked, or never. */
const STRICT: readonly number[] = [1, 2, 8]
const FIRST_LAX = 3

/**
 * The kernel takes the greater of `all` and the interface's own. Above 2 (but 8) are modes that
 * answer for the dummy's addresses again: an interface with such a one needs its own setting.
 */
function strictArp(arpIgnore: ReadonlyMap<string, number>): readonly NodeSysctl[] {
  const lax = [...arpIgnore].filter(([, mode]) => mode >= FIRST_LAX && !STRICT.includes(mode))
  return [
    sysctl('net.ipv4.conf.all.arp_ignore', 1, STRICT),
    sysctl('net.ipv4.conf.all.arp_announce', 2),
    ...lax.map(([name]) => sysctl(`net.ipv4.conf.${inName(name)}.arp_ignore`, 1, STRICT)),
  ]
}

/**
 * A node that forwards takes no more routes from router advertisements, unless told to: without
 * this, one that has its default route from there would lose it.
 */
function ipv6Forwarding(acceptRa: ReadonlyMap<string, number>): readonly NodeSysctl[] {
  const accepting = [...acceptRa].filter(([, mode]) => mode === 1)
  return [
    ...accepting.map(([name]) => sysctl(`net.ipv6.conf.${inName(name)}.accept_ra`, 2)),
    sysctl('net.ipv6.conf.all.forwarding', 1),
  ]
}

/** Between 4.1, which has it, and 5.9, which mended it, reuse cost each connection a second. */
function connReuseMode(release: string): readonly NodeSysctl[] {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  const version = major * 1000 + minor
  return version >= 4001 && version < 5009 ? [sysctl('net.ipv4.vs.conn_reuse_mode', 0)] : []
}

function sysctl(name: string, value: number, accepted: readonly number[] = []): NodeSysctl {
  return { name, value, accepted }
}

function inName(interfaceName: string): string {
  return interfaceName.replaceAll('.', '/')
}
