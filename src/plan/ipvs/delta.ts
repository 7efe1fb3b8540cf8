import type { Address } from '../../model/address.ts'
import type { Tuple } from '../../model/tuple.ts'
import {
  destinationOf,
  IPVS_SETS,
  propertiesOf,
  serverOfDestination,
} from '../../ruleset/ipvs/elements.ts'
import { serverIdOf } from '../../ruleset/ipvs/types.ts'
import type { ElementStep } from '../nftables/delta.ts'
import { type IpvsChanges, inServingOrder } from './changes.ts'
import type { IpvsPlan } from './operation.ts'

/** Plans known changes (`Delta.ipvs`); the cost depends on the changes alone. */
export function planIpvsDelta(
  changes: readonly ElementStep[],
  dummy: IpvsChanges['dummy'],
): IpvsPlan {
  const of = (set: string): readonly ElementStep[] => changes.filter((each) => each.set === set)
  const servers = of(IPVS_SETS.servers)
  const gone = new Set(servers.filter(({ after }) => after === undefined).map(({ key }) => key))
  return inServingOrder({
    servers: servers.filter(differs).map(({ key, before, after }) => ({
      server: serverIdOf(key),
      before: before && propertiesOf(before),
      after: after && propertiesOf(after),
    })),
    destinations: of(IPVS_SETS.destinations)
      .filter(({ key }) => !gone.has(serverOfDestination(key)))
      .map(({ key, before, after }) => ({
        server: serverIdOf(serverOfDestination(key)),
        before: before && destinationOf(key, before).destination,
        after: after && destinationOf(key, after).destination,
      })),
    addresses: of(IPVS_SETS.addresses).map(({ key, after }) => ({
      address: addressOf(key),
      bound: after !== undefined,
    })),
    dummy,
  })
}

/** A server whose comment alone changes is the same to the kernel. */
function differs({ before, after }: ElementStep): boolean {
  return before === undefined || after === undefined || before.data !== after.data
}

function addressOf(key: Tuple): Address {
  return key as string as Address
}
