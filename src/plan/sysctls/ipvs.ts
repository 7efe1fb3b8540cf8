import type { IpFamily } from '../../model/address.ts'

/** A kernel setting that the ipvs backend wants. */
export interface NodeSysctl {
  /** The name as in sysctl(8), where a slash replaces a dot in an interface's name. */
  readonly name: string
  readonly value: number
  /** Other values that are also good, and stay. */
  readonly accepted: readonly number[]
}

/** What of the node decides which settings are needed. */
export interface NodeFound {
  /** `uname -r`. */
  readonly release: string
  /** The arp_ignore of each interface. */
  readonly arpIgnore: ReadonlyMap<string, number>
  /** The accept_ra of each interface, if the node does not forward IPv6 yet; otherwise empty. */
  readonly acceptRa: ReadonlyMap<string, number>
}

export interface SysctlWish {
  readonly families: readonly IpFamily[]
  readonly strictArp: boolean
}

/**
 * Returns the settings in the order to set them, which is kube-proxy's for those that it sets
 * (pkg/proxy/ipvs/proxier.go, NewProxier). docs/ipvs.md says what each is for.
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

/** Returns whether the value may stay. */
export function satisfies(value: number, wanted: NodeSysctl): boolean {
  return value === wanted.value || wanted.accepted.includes(value)
}

/** Modes of arp_ignore that answer for an address only if its own interface is asked, or never. */
const STRICT: readonly number[] = [1, 2, 8]
const FIRST_LAX = 3

/**
 * The kernel takes the greater of `all` and the interface's own value. Modes above 2, except 8,
 * answer for the dummy's addresses again: an interface with such a mode needs its own setting.
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
 * A node that forwards takes no more routes from router advertisements, unless told to. Without
 * this, a node that has its default route from there would lose it.
 */
function ipv6Forwarding(acceptRa: ReadonlyMap<string, number>): readonly NodeSysctl[] {
  const accepting = [...acceptRa].filter(([, mode]) => mode === 1)
  return [
    ...accepting.map(([name]) => sysctl(`net.ipv6.conf.${inName(name)}.accept_ra`, 2)),
    sysctl('net.ipv6.conf.all.forwarding', 1),
  ]
}

/** From Linux 4.1, which has the mode, until 5.9 mended it, reuse cost each connection a second. */
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
