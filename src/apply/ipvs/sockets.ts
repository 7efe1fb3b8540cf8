import { NETLINK_GENERIC } from '../generic/constants.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { NETLINK_ROUTE } from '../rtnetlink/constants.ts'

/** Both of the network namespace in which they were opened. */
export interface IpvsSockets {
  /** For virtual servers. */
  readonly generic: NetlinkSocket
  /** For the dummy interface and its addresses. */
  readonly route: NetlinkSocket
  close(): void
}

/** Throws NetlinkError as `NetlinkSocket.open` does. */
export function openIpvsSockets(): IpvsSockets {
  const generic = NetlinkSocket.open({ protocol: NETLINK_GENERIC })
  try {
    const route = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
    const close = (): void => {
      generic.close()
      route.close()
    }
    return { generic, route, close }
  } catch (error) {
    generic.close()
    throw error
  }
}
