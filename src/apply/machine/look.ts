// Reads what nodelb depends on and does not set, from /proc, /sys and the kernel.

import { networkInterfaces } from 'node:os'
import { type Address, type Cidr, parseAddress, parseCidr } from '../../model/address.ts'
import type { Interface, Machine, PortRange } from '../../plan/preflight.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { listNames, readNumber, readText, sysctlFile } from '../sysctl/files.ts'
import { droppingLegacy } from './legacy-policy.ts'
import { droppingChains } from './policies.ts'

/**
 * Returns what is found; `missing` is what the backend in use found to be missing. Rejects with
 * NetlinkError if the kernel refuses to list its chains.
 */
export async function lookAtMachine(
  socket: NetlinkSocket,
  missing: readonly string[] = [],
  root = '',
): Promise<Machine> {
  const number = (name: string): number | undefined => {
    const found = readNumber(sysctlFile(root, name))
    return found.kind === 'value' ? found.value : undefined
  }
  const isOn = (name: string): boolean | undefined => {
    const value = number(name)
    return value === undefined ? undefined : value !== 0
  }
  const chains = await droppingChains(socket)
  return {
    forwarding: { ipv4: isOn('net.ipv4.ip_forward'), ipv6: isOn('net.ipv6.conf.all.forwarding') },
    dropping: [...chains, ...(await droppingLegacy(root))],
    interfaces: interfaces(root, number),
    bridgeFilter: {
      ipv4: number('net.bridge.bridge-nf-call-iptables') === 1,
      ipv6: number('net.bridge.bridge-nf-call-ip6tables') === 1,
    },
    ephemeral: rangesIn(text(root, 'net.ipv4.ip_local_port_range').replace(/\s+/, '-'))[0],
    reserved: rangesIn(text(root, 'net.ipv4.ip_local_reserved_ports')),
    conntrack: conntrackFill(root),
    missing,
  }
}

/** Returns how many connections the kernel tracks, and how many at most; undefined if it tracks none. */
export function conntrackFill(
  root = '',
): { readonly count: number; readonly max: number } | undefined {
  const [count, max] = ['nf_conntrack_count', 'nf_conntrack_max'].map((name) =>
    readNumber(sysctlFile(root, `net.netfilter.${name}`)),
  )
  if (count?.kind !== 'value' || max?.kind !== 'value' || max.value === 0) return undefined
  return { count: count.value, max: max.value }
}

function interfaces(
  root: string,
  number: (name: string) => number | undefined,
): readonly Interface[] {
  const all = number('net.ipv4.conf.all.rp_filter') ?? 0
  const defaults = defaultRoutes(readText(`${root}/proc/net/route`))
  return Object.entries(networkInterfaces()).flatMap(([name, found = []]) => {
    const own = found.filter(({ internal, scopeid }) => !internal && !scopeid)
    if (own.length === 0) return []
    const reversePath = number(`net.ipv4.conf.${name.replaceAll('.', '/')}.rp_filter`)
    return [
      {
        name,
        networks: own.flatMap(({ cidr }): Cidr[] => parsed(parseCidr(cidr ?? ''))),
        addresses: own.flatMap(({ address }): Address[] => parsed(parseAddress(address))),
        isBridge: listNames(`${root}/sys/class/net/${name}/bridge`).length > 0,
        reversePath: reversePath === undefined ? undefined : Math.max(all, reversePath),
        hasDefaultRoute: defaults.has(name),
      },
    ]
  })
}

function parsed<Value>(found: { readonly value: Value } | undefined): Value[] {
  return found === undefined ? [] : [found.value]
}

/**
 * Returns the devices with a default route. The columns of /proc/net/route are device, destination,
 * gateway, flags, …; the mask is the eighth.
 */
function defaultRoutes(routes: string): ReadonlySet<string> {
  const rows = routes.split('\n').slice(1)
  const isDefault = ([, to, , , , , , mask]: readonly string[]) => to === ZERO && mask === ZERO
  return new Set(
    rows.map((row) => row.split(/\s+/)).flatMap((row) => (isDefault(row) ? [row[0] ?? ''] : [])),
  )
}

const ZERO = '00000000'

/** Reads a list such as `30000-32767,8080`; parts that are no ports are left out. */
function rangesIn(list: string): readonly PortRange[] {
  return list.split(',').flatMap((part) => {
    const [first = '', last = first] = part.trim().split('-')
    return /^\d+$/.test(first) ? [{ first: Number(first), last: Number(last) }] : []
  })
}

function text(root: string, sysctl: string): string {
  return readText(sysctlFile(root, sysctl)).trim()
}
