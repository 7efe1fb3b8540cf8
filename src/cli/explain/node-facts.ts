import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { NETLINK_ROUTE } from '../../apply/rtnetlink/constants.ts'
import { listInVrfs } from '../../apply/rtnetlink/links.ts'
import { report } from '../../decode/problem.ts'
import {
  type Address,
  addressFromBytes,
  type Cidr,
  cidrContains,
  familyOf,
  parseCidr,
} from '../../model/address.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import type { NodeFacts, Route } from '../../trace/packet.ts'
import { readText } from '../../watch/files/files.ts'

/**
 * Returns this machine's addresses and routes (main table, no policy routing), as its kernel has
 * them.
 */
export async function machineFacts(): Promise<NodeFacts> {
  const devices = networkInterfaces()
  const inVrfs = await interfacesInVrfs()
  return {
    addresses: addressesOn(devices, () => true),
    inVrf: addressesOn(devices, (name) => inVrfs.has(name)),
    routes: [
      ...ipv4Routes(textOf('/proc/net/route'), devices),
      ...ipv6Routes(textOf('/proc/net/ipv6_route'), devices),
    ],
  }
}

function addressesOn(devices: Devices, isMeant: (name: string) => boolean): ReadonlySet<string> {
  const meant = Object.entries(devices).filter(([name]) => isMeant(name))
  return new Set(meant.flatMap(([, each]) => (each ?? []).map(({ address }) => address)))
}

/** Returns no interface if the kernel refuses to list them. */
async function interfacesInVrfs(): Promise<ReadonlySet<string>> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
    return await listInVrfs(socket)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    return new Set()
  } finally {
    socket?.close()
  }
}

/**
 * Returns the names of all interfaces, sorted, including those that are down or have no address.
 */
export function interfaceNames(): readonly string[] {
  const lines = textOf('/proc/net/dev').split('\n').slice(2)
  return lines.flatMap((line) => line.split(':')[0]?.trim() || []).sort()
}

/** Returns the text of a file; empty if there is none, so that no routes are known. */
function textOf(file: string): string {
  return readText(file, report(file)) ?? ''
}

/**
 * Returns the addresses and routes of a node, by its object and the settings, or this machine's if
 * it is that node.
 */
export async function nodeFacts(node: NodeView, settings: Settings): Promise<NodeFacts> {
  const machine = await machineFacts()
  if (node.addresses.some((address) => machine.addresses.has(address))) return machine
  return factsOf(node, settings)
}

/** Returns the addresses and routes of a node, by its object and the settings alone. */
export function factsOf(node: NodeView, { localTraffic }: Settings): NodeFacts {
  const pods = podInterface(localTraffic)
  return {
    addresses: new Set(node.addresses),
    routes: node.podCidrs.map((to): Route => ({ to, interface: pods, address: undefined })),
  }
}

function podInterface(localTraffic: Settings['localTraffic']): string | undefined {
  if (localTraffic.kind === 'interface') return localTraffic.name
  return localTraffic.kind === 'interface-prefix' ? localTraffic.prefix : undefined
}

type Devices = NodeJS.Dict<NetworkInterfaceInfo[]>

/** Flags: RTF_UP and RTF_REJECT of <linux/route.h>, and RTF_LOCAL of <linux/ipv6_route.h>. */
const ROUTE = { up: 0x1, reject: 0x200, local: 0x80000000 } as const

/**
 * Reads the columns Iface, Destination, Gateway, Flags, RefCnt, Use, Metric, Mask, …; addresses are
 * in host byte order.
 */
function ipv4Routes(text: string, devices: Devices): readonly Route[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .flatMap(([device = '', destination = '', gateway = '', flags = '', , , , mask = '']) => {
      if (!isUsable(flags)) return []
      const bits = [...Buffer.from(mask, 'hex')].reduce((sum, byte) => sum + ones(byte), 0)
      const to = parseCidr(`${reversed(destination)}/${bits}`)?.value
      const next = /[^0]/.test(gateway) ? reversed(gateway) : undefined
      return to === undefined ? [] : [routeOf(to, device, next, devices)]
    })
}

/**
 * Reads the columns destination, its length, source, its length, next hop, metric, two counters,
 * flags and device.
 */
function ipv6Routes(text: string, devices: Devices): readonly Route[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([destination = '', length = '', , , gateway = '', , , , flags = '', device = '']) => {
      if (!isUsable(flags)) return []
      const start = addressFromBytes(Buffer.from(destination, 'hex'))
      const to = parseCidr(`${start}/${Number.parseInt(length, 16)}`)?.value
      const next = /[^0]/.test(gateway) ? addressFromBytes(Buffer.from(gateway, 'hex')) : undefined
      return to === undefined ? [] : [routeOf(to, device, next, devices)]
    })
}

function isUsable(flags: string): boolean {
  const bits = Number.parseInt(flags, 16)
  return (bits & ROUTE.up) !== 0 && (bits & (ROUTE.reject | ROUTE.local)) === 0
}

function reversed(hex: string): Address {
  return addressFromBytes(Buffer.from(hex, 'hex').reverse())
}

function ones(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length
}

/**
 * Returns a route. If the device has several addresses, the kernel masquerades as the one in the
 * next hop's network.
 */
function routeOf(to: Cidr, device: string, next: Address | undefined, devices: Devices): Route {
  const family = familyOf(to)
  const mine = (devices[device] ?? []).filter(
    ({ address }) => familyOf(address as Address) === family && !address.startsWith('fe80:'),
  )
  const hop = next ?? (to.slice(0, to.indexOf('/')) as Address)
  const near = mine.find(({ cidr }) => cidr && cidrContains(cidr as Cidr, hop))
  const address = (near ?? mine[0])?.address as Address | undefined
  return { to, interface: device, address }
}
