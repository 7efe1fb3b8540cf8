import { type Cidr, cidrContains, hostCidr, parseAddress, parseCidr } from '../model/address.ts'
import { endpointsMap, type Front, type Reach, SETS, setsOf } from '../ruleset/sets.ts'
import type { ElementValue, Table, Tuple } from '../ruleset/types.ts'

/** Clients remembered for an endpoint that they could not reach any more if they came anew. */
export function staleClients(
  remembered: ReadonlyMap<Tuple, ElementValue>,
  desired: Table,
): readonly (readonly [Tuple, ElementValue])[] {
  if (remembered.size === 0) return []
  const allowed = allowance(desired)
  return [...remembered].filter(([key, { data }]) => {
    const end = key.indexOf(' . ')
    const targets = allowed(key.slice(0, end), key.slice(end + SEPARATOR.length))
    return data === undefined || !targets.some((target) => target.has(data))
  })
}

const SEPARATOR = ' . '

type Allowance = (client: string, vip: string) => readonly ReadonlySet<string>[]

/** Which endpoints a client may reach at a VIP: under policy Local only pods reach them all. */
function allowance(desired: Table): Allowance {
  const sticky = new Set<string>()
  for (const [name, elements] of desired.elements) {
    if (name.startsWith('sticky-')) for (const key of elements.keys()) sticky.add(key)
  }
  const fronts = (['vip', 'node-port'] as const).map((front) => ({
    local: desired.elements.get(setsOf(front).local),
    all: targetsByFront(desired, front, 'all'),
    here: targetsByFront(desired, front, 'local'),
  }))
  const pods = podRanges(desired)
  const fromPod = (client: string): boolean => {
    const address = parseAddress(client)?.value
    return address !== undefined && pods.some((range) => cidrContains(range, address))
  }
  return (client, vip) => {
    // A node port is known by protocol and port alone, whatever address of the node was used.
    const keys = [vip, vip.slice(vip.indexOf(SEPARATOR) + SEPARATOR.length)]
    return fronts.flatMap(({ local, all, here }, at) => {
      const key = keys[at]
      if (key === undefined || !sticky.has(key)) return []
      const everywhere = !local?.has(key as Tuple) || fromPod(client)
      return (everywhere ? all : here).get(key) ?? []
    })
  }
}

function targetsByFront(
  { elements }: Table,
  front: Front,
  reach: Reach,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const [key, { data }] of elements.get(endpointsMap(front, reach)) ?? []) {
    const vip = key.slice(0, key.lastIndexOf(SEPARATOR))
    const targets = found.get(vip) ?? new Set()
    if (data !== undefined) targets.add(data)
    found.set(vip, targets)
  }
  return found
}

function podRanges({ elements }: Table): readonly Cidr[] {
  return [...(elements.get(SETS.podRanges)?.keys() ?? [])].flatMap((text) => {
    const address = parseAddress(text)?.value
    const range = address === undefined ? parseCidr(text)?.value : hostCidr(address)
    return range === undefined ? [] : [range]
  })
}
