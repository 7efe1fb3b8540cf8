import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { findKubeProxy } from '../apply/nftables/kube-proxy.ts'
import { SteadySocket } from '../dataplane/reopening-socket.ts'

/**
 * Returns the names of kube-proxy's tables in the kernel; undefined if the kernel refuses to tell,
 * which is reported when nodelb commits.
 */
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
