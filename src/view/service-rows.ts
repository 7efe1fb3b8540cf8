import type { FrontendInput, ServiceInput } from './status-input.ts'

/** Ports of one address of a Service that fare alike. */
export interface ServiceRow {
  /** `namespace/name`. */
  readonly service: string
  /** Without port; empty if this node serves none of its addresses. */
  readonly address: string
  /** Such as `80` or `53/udp`. */
  readonly ports: readonly string[]
  readonly endpoints: number
  /** How many of them are on this node; undefined unless the policy is Local. */
  readonly here: number | undefined
  readonly state: RowState
  readonly clusterIps: readonly string[]
  readonly nodePorts: readonly string[]
}

export type RowState = FrontendInput['state'] | 'kept' | 'not ours'

/** Returns whether nobody has to look at a row. */
export function isInOrder({ state }: Pick<ServiceRow, 'state'>): boolean {
  return state === 'serves' || state === 'not ours'
}

/**
 * Returns the rows of a Service: those of the addresses that clients outside use, or with `all` of
 * every address if it has none for them. `refused`: the kernel refuses the Service.
 */
export function rowsOf(
  service: ServiceInput,
  { all, refused }: { readonly all: boolean; readonly refused: boolean },
): readonly ServiceRow[] {
  const outside = service.frontends.filter(isOutside)
  if (outside.length === 0 && !all) return []
  const shown = outside.length > 0 ? outside : service.frontends
  const groups = new Map<string, FrontendInput[]>()
  for (const frontend of shown) {
    const key = `${partsOf(frontend).host} ${frontend.state} ${frontend.endpoints}`
    groups.set(key, [...(groups.get(key) ?? []), frontend])
  }
  const rows = [...groups.values()].map((group) => rowOf(service, group, refused))
  return rows.length > 0 ? rows : [rowOf(service, [], refused)]
}

function isOutside({ kind }: FrontendInput): boolean {
  return kind === 'load-balancer' || kind === 'external-ip'
}

function rowOf(
  { service, frontends, localPolicies }: ServiceInput,
  group: readonly FrontendInput[],
  refused: boolean,
): ServiceRow {
  const [first] = group
  const policy = first !== undefined && first.kind !== 'cluster-ip' ? 'external' : 'internal'
  const isLocal = localPolicies.includes(`${policy}TrafficPolicy`)
  return {
    service,
    address: first === undefined ? '' : partsOf(first).host,
    ports: [...new Set(group.map((each) => partsOf(each).port))],
    endpoints: first?.endpoints ?? 0,
    here: isLocal && !isDenied(first?.state) ? first?.localEndpoints : undefined,
    state: refused ? 'kept' : (first?.state ?? 'not ours'),
    clusterIps: texts(frontends, 'cluster-ip', 'host'),
    nodePorts: texts(frontends, 'node-port', 'port'),
  }
}

/** A Service that does not have the address does not serve it by a policy either. */
function isDenied(state: FrontendInput['state'] | undefined): boolean {
  return state === 'contested' || state === 'refused'
}

function texts(
  frontends: readonly FrontendInput[],
  kind: FrontendInput['kind'],
  part: 'host' | 'port',
): readonly string[] {
  const mine = frontends.filter((each) => each.kind === kind)
  return [...new Set(mine.map((each) => partsOf(each)[part]))]
}

/** Returns the address and the port of `[2001:db8::1]:53/udp`; TCP goes without saying. */
function partsOf({ address }: FrontendInput): { readonly host: string; readonly port: string } {
  const colon = address.lastIndexOf(':')
  return {
    host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: address.slice(colon + 1).replace(/\/tcp$/, ''),
  }
}
