import { unreachable } from '../model/unreachable.ts'
import { serverKey } from '../ruleset/ipvs.ts'
import {
  addressText,
  destinationText,
  propertiesText,
  serverText,
  timeoutsText,
} from '../ruleset/print-ipvs.ts'
import type { Tuple } from '../ruleset/types.ts'
import type { IpvsOperation, IpvsPlan } from './ipvs-operation.ts'

/** `~` changes what is there. */
export type IpvsSign = '+' | '-' | '~'

export interface ExplainedIpvsOperation {
  readonly sign: IpvsSign
  readonly text: string
}

export interface IpvsGroup {
  /** `namespace/name:port kind`, or what the operations are about when no Service owns them. */
  readonly title: string
  readonly operations: readonly ExplainedIpvsOperation[]
}

/** The plan as people read it: by Service, in ipvsadm's and ip's own words. */
export function explainIpvs(
  plan: IpvsPlan,
  labelOf: (server: Tuple) => string | undefined,
): readonly IpvsGroup[] {
  const groups = new Map<string, ExplainedIpvsOperation[]>()
  for (const operation of plan) {
    const title =
      'server' in operation
        ? (labelOf(serverKey(operation.server)) ?? 'virtual servers')
        : titleOf(operation)
    const group = groups.get(title) ?? []
    group.push({ sign: signOf(operation), text: ipvsTextOf(operation) })
    groups.set(title, group)
  }
  return [...groups].map(([title, operations]) => ({ title, operations }))
}

function titleOf(operation: IpvsOperation): string {
  return operation.kind === 'set-timeouts' ? 'timeouts' : 'addresses'
}

function signOf({ kind }: IpvsOperation): IpvsSign {
  if (kind === 'set-timeouts' || kind.startsWith('edit-')) return '~'
  return kind.startsWith('add-') ? '+' : '-'
}

/** `-t 10.96.0.10:80 -r 10.244.1.10:8080 -m -w 1` */
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
