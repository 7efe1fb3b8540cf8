import type { IpvsOperation } from '../../plan/ipvs/operation.ts'

export interface IpvsFailure {
  readonly operation: IpvsOperation
  /**
   * The name in the kernel's errno.h, such as `ENOENT`; ECANCELED for an operation that was not
   * tried.
   */
  readonly errno: string
  /** What is wrong and what would help, for the operator. */
  readonly reason: string
}

/** Returns whether a refused operation was unnecessary because its result was already there. */
export function alreadyDone({ kind }: IpvsOperation, errno: string): boolean {
  switch (kind) {
    case 'add-address':
      return errno === 'EEXIST'
    case 'delete-address':
      return errno === 'EADDRNOTAVAIL' || errno === 'ENODEV'
    case 'delete-server':
      return errno === 'ESRCH'
    case 'delete-destination':
      return errno === 'ENOENT' || errno === 'ESRCH'
    default:
      return false
  }
}

/** Returns what is wrong with an interface of kind `found`, and what the operator can do. */
export function notADummy(name: string, found: string): string {
  const what = found === 'unknown' ? 'no dummy interface' : `of type ${found}, not dummy`
  return `the interface ${name} is ${what}: give nodelb another name (ipvs.interface) or remove it`
}

/** Returns why the kernel refused an operation; see net/netfilter/ipvs/ip_vs_ctl.c. */
export function explain(operation: IpvsOperation, errno: string): string {
  return ofKind(operation)[errno] ?? ALWAYS[errno] ?? `the kernel says ${errno}`
}

const ALWAYS: Readonly<Record<string, string>> = {
  EPERM: 'not allowed: give nodelb the capability NET_ADMIN',
  ENOMEM: 'the kernel is short of memory',
  EAFNOSUPPORT: 'the kernel does no IPv6 in ipvs',
}

function ofKind(operation: IpvsOperation): Readonly<Record<string, string>> {
  switch (operation.kind) {
    case 'add-server':
    case 'edit-server': {
      const { scheduler } = operation.properties
      return {
        ENOENT: `no scheduler ${scheduler}: load the kernel module ip_vs_${scheduler}, or choose another`,
        EEXIST: 'another program made this virtual server meanwhile',
        ESRCH: 'another program removed this virtual server meanwhile',
      }
    }
    case 'add-destination':
    case 'edit-destination':
      return {
        EEXIST: 'another program made this destination meanwhile',
        ENOENT: 'another program removed this destination meanwhile',
        ESRCH: 'another program removed its virtual server meanwhile',
        EINVAL: 'the address is none that a destination may have',
      }
    case 'add-dummy':
      return { EOPNOTSUPP: 'the kernel has no dummy interfaces: load the kernel module dummy' }
    case 'add-address':
      return {
        EACCES: `IPv6 is off on ${operation.dummy}: set net.ipv6.conf.${operation.dummy}.disable_ipv6 to 0`,
        EOPNOTSUPP: 'the kernel has no IPv6',
      }
    default:
      return {}
  }
}
