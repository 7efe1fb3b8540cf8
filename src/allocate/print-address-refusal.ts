import { unreachable } from '../model/unreachable.ts'
import { familyNames } from './print-pool-refusal.ts'
import type { AddressRefusal } from './reason.ts'
import type { Obstacle } from './sharing.ts'
import type { Reservation } from './world.ts'

/** Returns a sentence that says why a Service cannot have the addresses that it asks for. */
export function printAddressRefusal(refusal: AddressRefusal): string {
  switch (refusal.kind) {
    case 'address-taken':
      return `Service ${refusal.obstacle.holder} has ${refusal.address}, and ${obstacleClause(refusal.obstacle)}`
    case 'address-reserved':
      return `${refusal.address} is ${reservationClause(refusal.reservation)}; ask for another address`
    case 'address-avoided':
      return `IPAddressPool ${refusal.pool} does not give ${refusal.address}, because it ends in .0 or .255 (avoidBuggyIPs); ask for another address`
    case 'outside-pools':
      return `No IPAddressPool has ${refusal.address}; add it to one, or ask for another address`
    case 'pools-disagree':
      return `The Service names IPAddressPool ${refusal.named}, but ${refusal.address}, for which it asks as well, is in ${refusal.has}; change one of the two`
    case 'pools-differ':
      return `${refusal.addresses.join(' and ')} are in different IPAddressPools (${refusal.pools.join(' and ')}); ask for addresses of one pool`
    case 'wrong-families':
      return `The Service asks for ${refusal.addresses.join(' and ')}; it has to ask for ${refusal.families.map((family) => `one ${familyNames[family]} address`).join(' and ')}, as its ipFamilies say`
    default:
      return unreachable(refusal)
  }
}

/** Returns why two Services cannot share, and what would let them. */
export function obstacleClause(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'key':
      return 'does not share it with this one; ask for another address, or give both the same metallb.io/allow-shared-ip'
    case 'port':
      return `both use ${obstacle.protocol.toUpperCase()} port ${obstacle.port}; choose another port or another address`
    case 'backend':
      return 'the two have different pods; Services share an address if both have externalTrafficPolicy Cluster, or Local and the same selector'
    default:
      return unreachable(obstacle)
  }
}

/** Returns whose a reserved address is. */
export function reservationClause(reservation: Reservation): string {
  switch (reservation.kind) {
    case 'node':
      return `an address of Node ${reservation.node}`
    case 'external-ip':
      return `among the externalIPs of Service ${reservation.service}`
    case 'other-class':
      return `an address of Service ${reservation.service}, which is of another loadBalancerClass`
    default:
      return unreachable(reservation)
  }
}
