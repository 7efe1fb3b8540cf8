import type { IpvsFailure } from '../../apply/ipvs/failure.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { ipvsTextOf } from '../../plan/ipvs/explain.ts'
import { serverText } from '../../ruleset/ipvs/print.ts'
import { type ServerKey, serverIdOf, serverKey } from '../../ruleset/ipvs/types.ts'

/** Returns the virtual server that another program made a moment before; undefined for other failures. */
export function intruderIn({ operation, errno }: IpvsFailure): ServerKey | undefined {
  const isTaken = operation.kind === 'add-server' && errno === 'EEXIST'
  return isTaken ? serverKey(operation.server) : undefined
}

/** Returns what is told of a Service whose virtual server another program has. */
export function occupied(key: ServerKey): string {
  return `${serverText(serverIdOf(key))}: another program has made this virtual server`
}

/** Returns what is told of a failure, such as `server 10.96.0.10:80 tcp sh: no scheduler sh: …`. */
export function reasonOf({ operation, reason }: IpvsFailure): string {
  return `${ipvsTextOf(operation)}: ${reason}`
}

/**
 * Returns an error such as `link kube-ipvs0 type dummy: EOPNOTSUPP, the kernel has no dummy
 * interfaces: …`.
 */
export function errorOf({ operation, errno, reason }: IpvsFailure): NetlinkError {
  return new NetlinkError(errno, ipvsTextOf(operation), { explanation: reason })
}
