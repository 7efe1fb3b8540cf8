import type { Address } from '../../model/address.ts'
import type { TableFamily } from '../../model/family.ts'
import { type Tuple, withoutLastFields } from '../../model/tuple.ts'
import type { IpvsRules, KernelIpvs, ServerKey, VirtualServer } from '../../ruleset/ipvs/types.ts'
import { SETS, setNamed, setsOf } from '../../ruleset/nftables/sets.ts'
import type { KernelRuleset, Ruleset, Table } from '../../ruleset/nftables/types.ts'

/** A virtual server of another program where one of nodelb's should be. */
export interface ServerConflict {
  readonly key: ServerKey
  readonly found: VirtualServer
  /** `namespace/name:port kind` of nodelb's server, if known. */
  readonly label: string | undefined
}

/** The servers that nodelb made; undefined if nothing says. */
export type RecordedServers = ReadonlySet<ServerKey> | undefined

/**
 * Returns the servers that nodelb made. A virtual server has no room for a name, so nodelb's own
 * table tells whose it is, if there is one; a table that the nftables backend wrote tells that
 * there are none.
 */
export function recordedServers(table: KernelRuleset): RecordedServers {
  if (table.ip === undefined && table.ip6 === undefined) return undefined
  if (isOfNftables(table)) return new Set()
  const { known } = setsOf('vip')
  return new Set(
    (['ip', 'ip6'] as const).flatMap((family) => [
      ...(table[family]?.elements.get(known)?.keys() ?? []),
    ]),
  )
}

function isOfNftables({ ip, ip6 }: KernelRuleset): boolean {
  return [ip, ip6].some((table) => table && [...table.sets.keys()].some(leadsToEndpoints))
}

/** Returns whether new connections follow the map to an endpoint, which ipvs has no map for. */
function leadsToEndpoints(name: string): boolean {
  const kind = setNamed(name)?.kind
  return kind === 'endpoints' || kind === 'seat'
}

/** nodelb's servers are those in its table or, if that is lost, those at the dummy's addresses. */
export function isOurs(
  key: ServerKey,
  { address }: VirtualServer,
  current: KernelIpvs,
  recorded: RecordedServers,
): boolean {
  return recorded === undefined ? current.addresses.has(address) : recorded.has(key)
}

/**
 * Removes the servers that would stand where another program's stand, and all that the table says
 * about them, so that those are not taken for nodelb's later.
 */
export function withoutConflicts(
  current: KernelIpvs,
  desired: IpvsRules,
  recorded: RecordedServers,
): { readonly rules: IpvsRules; readonly conflicts: readonly ServerConflict[] } {
  const conflicts: ServerConflict[] = []
  for (const [key, found] of current.servers) {
    const label = labelOf(desired.filter, key)
    const wanted = desired.servers.has(key) || label !== undefined
    if (wanted && !isOurs(key, found, current, recorded)) conflicts.push({ key, found, label })
  }
  if (conflicts.length === 0) return { rules: desired, conflicts }
  const lost = new Set(conflicts.map(({ key }) => key))
  const servers = new Map([...desired.servers].filter(([key]) => !lost.has(key)))
  const served = new Set([...servers.values()].map(({ address }) => address))
  const addresses = new Set([...desired.addresses].filter((address) => served.has(address)))
  const filter = withoutServers(desired.filter, lost, addresses)
  return { rules: { ...desired, servers, addresses, filter }, conflicts }
}

/** Returns the label (`namespace/name:port kind`) of a server in nodelb's table, if it is there. */
export function labelOf(table: Ruleset | KernelRuleset, key: ServerKey): string | undefined {
  const { known } = setsOf('vip')
  const element =
    table.ip?.elements.get(known)?.get(key) ?? table.ip6?.elements.get(known)?.get(key)
  return element?.comment
}

function withoutServers(
  filter: Ruleset,
  lost: ReadonlySet<ServerKey>,
  bound: ReadonlySet<Address>,
): Ruleset {
  const strip = (family: TableFamily): Table | undefined => {
    const table = filter[family]
    if (table === undefined) return undefined
    const elements = new Map(
      [...table.elements].map(([set, values]) => [
        set,
        new Map([...values].filter(([key]) => stays(set, key, lost, bound))),
      ]),
    )
    return { ...table, elements }
  }
  const ip = strip('ip')
  const ip6 = strip('ip6')
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

function stays(
  set: string,
  key: Tuple,
  lost: ReadonlySet<ServerKey>,
  bound: ReadonlySet<Address>,
): boolean {
  if (set === SETS.boundAddresses) return bound.has(key as string as Address)
  return !lost.has(set === SETS.allowedSources ? serverOfSource(key) : key)
}

function serverOfSource(key: Tuple): ServerKey {
  return withoutLastFields(key, 1)
}
