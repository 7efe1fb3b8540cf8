import type { IpFamily } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { ClosedBy } from './openness.ts'
import type { NotAutomatic, PoolRefusal } from './reason.ts'

/** The families as people write them. */
export const familyNames: Readonly<Record<IpFamily, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** Returns what follows the name of a pool in a sentence that says why it gives nothing. */
export function poolClause(refusal: PoolRefusal | NotAutomatic): string {
  switch (refusal.kind) {
    case 'pool-unknown':
      return 'does not exist'
    case 'pool-unread':
      return 'cannot be read'
    case 'pool-closed':
      return CLOSED[refusal.by].clause
    case 'pool-not-automatic':
      return 'gives only to who asks for it (autoAssign: false)'
    case 'pool-without-family':
      return `has no ${familyNames[refusal.family]} addresses`
    case 'pool-full':
      return `has no ${familyNames[refusal.family]} address left`
    default:
      return unreachable(refusal)
  }
}

const CLOSED: Readonly<Record<ClosedBy, { readonly clause: string; readonly remedy: string }>> = {
  namespace: {
    clause: "is closed to the Service's namespace (serviceAllocation)",
    remedy: 'add the namespace there, or name another pool',
  },
  labels: {
    clause: "is closed to the Service's labels (serviceAllocation)",
    remedy: 'give the Service a label that is selected there, or name another pool',
  },
  unread: {
    clause: 'is closed, because its serviceAllocation cannot be read',
    remedy: 'correct it, or name another pool',
  },
}

/** Returns what can be done about a pool that gives nothing. */
export function poolRemedy(refusal: PoolRefusal): string {
  switch (refusal.kind) {
    case 'pool-unknown':
      return 'create it, or name another one'
    case 'pool-unread':
      return 'correct it, or name another one'
    case 'pool-closed':
      return CLOSED[refusal.by].remedy
    case 'pool-without-family':
      return 'add some to it'
    case 'pool-full':
      return 'add addresses to it, or give back some that nobody needs'
    default:
      return unreachable(refusal)
  }
}
