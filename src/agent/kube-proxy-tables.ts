import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { findKubeProxy } from '../apply/nftables/kube-proxy.ts'
import { SteadySocket } from '../dataplane/reopening-socket.ts'

/** Undefined where the kernel does not tell; why is said where nodelb commits. */
export async function kubeProxyTables(): Promise<readonly string[] | undefined> {
  const socket = new SteadySocket()
  try {
    return await findKubeProxy(socket.open())
  } catch (error) {
    if (error instanceof NetlinkError) return undefined
    throw error
  } finally {
    await socket.close()
  }
}
