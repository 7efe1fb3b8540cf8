import { unreachable } from '../model/unreachable.ts'
import { printAddressRefusal } from './print-address-refusal.ts'
import { printNodeReason } from './print-node-reason.ts'
import { familyNames, poolClause, poolRemedy } from './print-pool-refusal.ts'
import type { NotAutomatic, PoolRefusal, Reason, Refusal } from './reason.ts'
import type { Stranding } from './stranding.ts'

/** So many pools are named one by one; with all of them an Event would be too long. */
const MOST_POOLS = 5

/**
 * Returns a sentence that says why a Service has its addresses, or none, and what can be done about
 * it. The addresses themselves are shown beside it.
 */
export function printReason(reason: Reason): string {
  switch (reason.kind) {
    case 'kept':
      return 'The Service keeps what it has'
    case 'asked-for':
      return 'The Service has what it asks for'
    case 'pool-named':
      return `IPAddressPool ${reason.pool}, for which the Service asks, gives it`
    case 'pool-chosen':
      return `IPAddressPool ${reason.pool} gives it`
    case 'joined':
      return `The Service shares ${reason.address} with Service ${reason.holder}, because both have the key "${reason.key}"`
    case 'family-added':
      return `IPAddressPool ${reason.pool} adds ${reason.address}, because the Service wants both families`
    case 'stranded':
      return `The Service keeps ${reason.address}, although ${strandingClause(reason.why, reason.pool)}; change the pool back, or give the Service another address with nodelb.io/renew`
    case 'wish-unmet':
      return `The Service keeps what it has, because its wish cannot be met: ${printRefusal(reason.why)}`
    case 'family-missing':
      return `The Service has no ${familyNames[reason.family]} address beside the one it has: ${printRefusal(reason.why)}`
    case 'left-alone':
      return `Another program wrote this status, and there is nothing to put in its place: ${printRefusal(reason.why)}`
    case 'on-nodes':
    case 'no-node':
    case 'no-node-address':
    case 'no-nodes-known':
    case 'pool-address-kept':
      return printNodeReason(reason)
    default:
      return printRefusal(reason)
  }
}

function printRefusal(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'leaving':
      return 'The Service is being deleted and gets nothing new'
    case 'no-pools':
      return 'There is no IPAddressPool; create one'
    case 'no-room':
      return `No IPAddressPool gives the Service an address: ${noRoom(refusal.pools)}; add addresses to one, or open one to the Service`
    case 'wish-unreadable':
      return `The Service asks for "${refusal.text}", which cannot be read (${refusal.why})`
    case 'pool-unknown':
    case 'pool-unread':
    case 'pool-closed':
    case 'pool-without-family':
    case 'pool-full':
      return `IPAddressPool ${refusal.pool} ${poolClause(refusal)}; ${poolRemedy(refusal)}`
    default:
      return printAddressRefusal(refusal)
  }
}

/** The Service can have none of these pools' addresses; those that are open to it come first. */
function noRoom(pools: readonly (PoolRefusal | NotAutomatic)[]): string {
  const closed = pools.filter(({ kind }) => kind === 'pool-closed')
  const open = pools.filter((each) => !closed.includes(each))
  const told = [...open, ...closed].slice(0, MOST_POOLS)
  const clauses = told.map((each) => `${each.pool} ${poolClause(each)}`)
  const more = pools.length - told.length
  return [...clauses, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}

function strandingClause(why: Stranding, pool: string): string {
  switch (why.kind) {
    case 'pool-gone':
      return `IPAddressPool ${pool}, which gave it, no longer exists`
    case 'outside':
      return `IPAddressPool ${pool}, which gave it, no longer has it`
    case 'closed':
      return `IPAddressPool ${why.by} is no longer open to it (serviceAllocation)`
    case 'avoided':
      return `IPAddressPool ${why.by} no longer gives addresses that end in .0 or .255 (avoidBuggyIPs)`
    default:
      return unreachable(why)
  }
}
