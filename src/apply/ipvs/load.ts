import { type Family, findFamily } from '../generic/family.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { IPVS_FAMILY } from './constants.ts'

/**
 * Makes the kernel load ipvs, without which its settings (net.ipv4.vs) do not exist. Rejects with
 * NetlinkError.
 */
export function loadIpvs(generic: NetlinkSocket): Promise<Family> {
  return findFamily(generic, IPVS_FAMILY)
}
