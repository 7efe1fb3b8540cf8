import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { unreachable } from '../../model/unreachable.ts'
import {
  addressText,
  destinationText,
  propertiesText,
  serverText,
  timeoutsText,
} from '../../ruleset/ipvs/print.ts'
import { type ServerKey, serverKey } from '../../ruleset/ipvs/types.ts'
import type { ShownOperation, Sign } from '../explain.ts'
import type { IpvsOperation, IpvsPlan } from './operation.ts'

/** Returns the plan for people, in the syntax of ipvsadm and ip. */
export function shownIpvs(
  plan: IpvsPlan,
  labelOf: (server: ServerKey) => string | undefined,
): readonly ShownOperation[] {
  return plan.map((operation) => ({
    kind: operation.kind,
    family: familyIn(operation),
    owner: 'server' in operation ? labelOf(serverKey(operation.server)) : undefined,
    about: subjectOf(operation),
    sign: signOf(operation),
    text: ipvsTextOf(operation),
  }))
}

function familyIn(operation: IpvsOperation): TableFamily | undefined {
  if ('server' in operation) return tableOfAddress(operation.server.address)
  return 'address' in operation ? tableOfAddress(operation.address) : undefined
}

function subjectOf(operation: IpvsOperation): string {
  if ('server' in operation) return 'virtual servers'
  return operation.kind === 'set-timeouts' ? 'timeouts' : 'addresses'
}

function signOf({ kind }: IpvsOperation): Sign {
  if (kind === 'set-timeouts' || kind.startsWith('edit-')) return '~'
  return kind.startsWith('add-') ? '+' : '-'
}

/** Prints an operation: `-t 10.96.0.10:80 -r 10.244.1.10:8080 -m -w 1`. */
export function ipvsTextOf(operation: IpvsOperation): string {
  switch (operation.kind) {
    case 'add-dummy':
    case 'delete-dummy':
      return `link ${operation.name} type dummy`
    case 'add-address':
    case 'delete-address':
      return `address ${addressText(operation.address)} dev ${operation.dummy}`
    case 'add-server':
    case 'edit-server':
      return `${serverText(operation.server)} ${propertiesText(operation.properties)}`
    case 'delete-server':
      return serverText(operation.server)
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return `${serverText(operation.server)} ${destinationText(operation.destination)}`
    case 'set-timeouts':
      return timeoutsText(operation.timeouts)
    default:
      return unreachable(operation)
  }
}
