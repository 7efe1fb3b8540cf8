import { type Refused, refusedOnTrial } from '../../apply/netdev/commit.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { planAnnounce } from '../../plan/netdev/plan.ts'
import { announceTable } from '../../render/announce/table.ts'
import { KernelResponder, type KernelResponderOptions } from './kernel-responder.ts'
import type { Responder } from './responder.ts'
import { SocketResponder } from './socket-responder.ts'

/** A responder, and why it is not the kernel's, if it is not. */
interface Chosen {
  readonly responder: Responder
  readonly reason?: string
}

/**
 * Has the kernel answer if it can, which a transaction that is thrown away shows, and this process
 * otherwise. Rejects with NetlinkError, such as EPERM without CAP_NET_ADMIN.
 */
export async function chooseResponder(options: KernelResponderOptions): Promise<Chosen> {
  const reason = await whyNotKernel()
  if (reason === undefined) return { responder: new KernelResponder(options) }
  return { responder: new SocketResponder(), reason }
}

/** Returns why the kernel cannot answer, undefined if it can; changes nothing. Rejects with NetlinkError. */
export async function whyNotKernel(): Promise<string | undefined> {
  const socket = NetlinkSocket.open()
  try {
    const refused = await refusedOnTrial(socket, planAnnounce(undefined, TRIAL, 'none'))
    return refused && whyRefused(refused)
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code === 'EPERM') throw error
    return error.message
  } finally {
    socket.close()
  }
}

/** Every network namespace has the loopback interface. */
const TRIAL = announceTable([
  { station: { name: 'lo', index: 1, mac: '00:00:00:00:00:00' }, addresses: new Set() },
])

/** Returns in words what the kernel lacks. */
export function whyRefused({ operation, errno }: Refused): string {
  const missing =
    operation.kind === 'add-rule'
      ? 'cannot send packets back from the ingress hook (NFT_FWD_NETDEV)'
      : 'has no nftables at the ingress hook (NF_TABLES_NETDEV)'
  return `the kernel ${missing}: ${errno}`
}
