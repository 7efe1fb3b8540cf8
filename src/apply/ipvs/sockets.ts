import { NETLINK_GENERIC } from '../generic/constants.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import { NETLINK_ROUTE } from '../rtnetlink/constants.ts'

/** Both sockets belong to the network namespace in which they were opened. */
export interface IpvsSockets {
  /** The generic netlink socket, for virtual servers. */
  readonly generic: NetlinkSocket
  /** The rtnetlink socket, for the dummy interface and its addresses. */
  readonly route: NetlinkSocket
  close(): void
}

/** Opens both sockets; throws NetlinkError as `NetlinkSocket.open` does. */
export type OpenIpvsSockets = () => IpvsSockets

/** Opens the sockets of this machine. */
export const openIpvsSockets: OpenIpvsSockets = () => {
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
