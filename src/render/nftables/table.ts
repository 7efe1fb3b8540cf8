import { familyOfTable, type TableFamily } from '../../model/family.ts'
import { nodePortAddressesIn, type Settings } from '../../model/node.ts'
import type { Tuple } from '../../model/tuple.ts'
import { roomInSeat, setSchema } from '../../ruleset/nftables/set-schema.ts'
import { setNamed } from '../../ruleset/nftables/sets.ts'
import type { Chain, ElementValue, SetSchema, Table } from '../../ruleset/nftables/types.ts'
import { chainCalledBy, remembering } from '../../ruleset/nftables/verdicts.ts'
import { emitterOf } from '../emitter.ts'
import type { BaseSets } from './configuration.ts'

/** A table without the elements that Services put into it. */
export interface Frame {
  readonly chains: ReadonlyMap<string, Chain>
  readonly sets: ReadonlyMap<string, SetSchema>
  /** The elements that come from the node and the configuration, by set. */
  readonly base: BaseSets
}

/** Makes a frame. `names` are those of the sets, and of the chains that verdict maps lead to. */
export function makeFrame(
  family: TableFamily,
  settings: Settings,
  names: ReadonlySet<string>,
  base: BaseSets,
): Frame {
  const mine = inFamily(settings, family)
  const chains = emitterOf(settings).frame(mine, new Set([...names, ...base.keys()]))
  const lookedUp = lookups(chains)
  const used = new Map([...base].filter(([name]) => lookedUp.has(name)))
  const own = [...names].filter((name) => remembering(name) === undefined)
  const sets = new Set([...used.keys(), ...own, ...lookedUp])
  return {
    chains,
    sets: schemasOf(family, sets, settings),
    base: used,
  }
}

/** Returns what these sets hold, with the size of those that the kernel fills. */
export function schemasOf(
  family: TableFamily,
  sets: Iterable<string>,
  { affinityClients }: Settings,
): ReadonlyMap<string, SetSchema> {
  const schemaOf = (name: string): SetSchema => {
    const schema = setSchema(family, name)
    const id = setNamed(name)
    if (affinityClients === undefined || id?.kind !== 'clients') return schema
    return { ...schema, learned: { size: roomInSeat(id.seat, affinityClients) } }
  }
  return new Map([...sets].map((name) => [name, schemaOf(name)]))
}

/** Returns the names that a frame for these elements needs: sets, and chains they lead to. */
export function namesIn(
  elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>,
): ReadonlySet<string> {
  const names = new Set(elements.keys())
  for (const [set, values] of elements) {
    if (setNamed(set)?.kind !== 'seated') continue
    for (const value of values.values()) {
      const chain = chainCalledBy(value)
      if (chain !== undefined) names.add(chain)
    }
  }
  return names
}

/** Returns the settings as they apply to one table. */
export function inFamily(settings: Settings, family: TableFamily): Settings {
  const chosen = settings.nodePortAddresses
  const nodePortAddresses = nodePortAddressesIn(chosen, familyOfTable(family))
  return nodePortAddresses === chosen ? settings : { ...settings, nodePortAddresses }
}

/** Returns the sets and maps that rules look up or fill. */
export function lookups(chains: ReadonlyMap<string, Chain>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { rules } of chains.values()) {
    for (const statement of rules.flatMap(({ statements }) => statements)) {
      if ('set' in statement) names.add(statement.set)
      if ('map' in statement) names.add(statement.map)
    }
  }
  return names
}

/** Returns the whole table: the frame, with the elements of Services in `held`. */
export function assemble(
  family: TableFamily,
  { chains, sets, base }: Frame,
  held: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>,
): Table {
  const elements = new Map(held)
  for (const [name, keys] of base) elements.set(name, new Map(keys.map((key) => [key, {}])))
  return { family, sets, elements, chains }
}
