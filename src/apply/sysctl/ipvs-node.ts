import { release } from 'node:os'
import {
  ipvsSysctls,
  type NodeFound,
  type NodeSysctl,
  type SysctlWish,
} from '../../plan/sysctls/ipvs.ts'
import { listNames, readNumber, sysctlFile } from './files.ts'

/** The settings that the ipvs backend wants on the node it runs on. */
export function wantedOnNode(wish: SysctlWish, root = ''): readonly NodeSysctl[] {
  return ipvsSysctls(wish, findNode(root))
}

/** Returns whether this network namespace has any settings of ipvs; loads no module. */
export function hasIpvs(root = ''): boolean {
  return listNames(`${root}/proc/sys/net/ipv4/vs`).length > 0
}

function findNode(root: string): NodeFound {
  const forwarding = readNumber(sysctlFile(root, 'net.ipv6.conf.all.forwarding'))
  const forwards = forwarding.kind === 'value' && forwarding.value !== 0
  return {
    release: release(),
    arpIgnore: ofInterfaces(root, 'ipv4', 'arp_ignore'),
    acceptRa: forwards ? new Map() : ofInterfaces(root, 'ipv6', 'accept_ra'),
  }
}

/**
 * Entries that are not links to others; `all` counts for each interface, `default` for future ones.
 */
const GENERAL: ReadonlySet<string> = new Set(['all', 'default', 'lo'])

function ofInterfaces(
  root: string,
  family: 'ipv4' | 'ipv6',
  setting: string,
): ReadonlyMap<string, number> {
  const folder = `${root}/proc/sys/net/${family}/conf`
  const found = new Map<string, number>()
  for (const name of listNames(folder)) {
    const read = readNumber(`${folder}/${name}/${setting}`)
    if (!GENERAL.has(name) && read.kind === 'value') found.set(name, read.value)
  }
  return found
}
