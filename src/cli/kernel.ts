import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { printSysctl } from '../apply/sysctl/prepare-node.ts'
import { Dataplanes } from '../dataplane/dataplanes.ts'
import { TROUBLE } from './arguments.ts'
import type { Output } from './output.ts'

/**
 * Runs a task with the backends and closes them. Returns the exit code; a NetlinkError is printed.
 */
export async function withDataplanes(
  output: Output,
  task: (dataplanes: Dataplanes) => Promise<number>,
): Promise<number> {
  const dataplanes = new Dataplanes({
    onSysctl: (outcome) => {
      if (outcome.kind === 'not-set') output.say(`nodelb: ${printSysctl(outcome)}`)
    },
  })
  const code = await unlessForbidden(output, () => task(dataplanes))
  await dataplanes.close()
  return code
}

/**
 * Runs a task with a netlink socket and closes it. Returns the exit code; a NetlinkError is
 * printed.
 */
export async function withSocket(
  output: Output,
  task: (socket: NetlinkSocket) => Promise<number>,
): Promise<number> {
  let socket: NetlinkSocket | undefined
  const code = await unlessForbidden(output, () => {
    socket = NetlinkSocket.open()
    return task(socket)
  })
  socket?.close()
  return code
}

/** Runs a task; what the kernel refuses is printed in one line. */
async function unlessForbidden(output: Output, task: () => Promise<number>): Promise<number> {
  try {
    return await task()
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    output.say(
      error.code === 'EPERM'
        ? 'nodelb: not allowed to read or change the rule set: the capability CAP_NET_ADMIN is missing'
        : `nodelb: ${error.message}`,
    )
    return TROUBLE
  }
}
