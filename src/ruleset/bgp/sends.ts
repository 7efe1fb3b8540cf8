import { type Cidr, familyOf } from '../../model/address.ts'
import { type Context, kindOf, routerOf, type Tree } from './tree.ts'

/** A prefix on its way to a neighbour. */
interface Sending {
  /** Empty for the VRF that is there without a name. */
  readonly vrf: string
  /** An address, or the name of an interface. */
  readonly neighbour: string
  readonly prefix: Cidr
}

/** What is sent of one family by one router. */
interface Family {
  /** The tag of each prefix. */
  readonly tags: ReadonlyMap<string, string>
  /** The tags that leave for each neighbour. */
  readonly leaving: ReadonlyMap<string, ReadonlySet<string>>
}

const NO_TAGS: ReadonlySet<string> = new Set()

/**
 * Returns what tells whether FRR, configured as the tree says, sends a prefix of nodelb's to a neighbour as
 * soon as there is a session. It knows prefixes by their tags alone, as the maps of neighbours do.
 */
export function sendsBy(tree: Tree): (sending: Sending) => boolean {
  const { given, matched } = tagsOf(tree)
  const families = new Map<string, Family>()
  for (const [context, lines] of tree) {
    if (kindOf(context) !== 'family') continue
    const shut = tree.get(routerOf(context)) ?? NO_TAGS
    const tags = [...lines].flatMap((line): [string, string][] => {
      const [, prefix, map] = /^network (\S+) route-map (\S+)$/.exec(line) ?? []
      const tag = map === undefined ? undefined : given.get(map)
      return prefix === undefined || tag === undefined ? [] : [[prefix, tag]]
    })
    const leaving = [...lines].flatMap((line): [string, ReadonlySet<string>][] => {
      const [, neighbour, map] = /^neighbor (\S+) route-map (\S+) out$/.exec(line) ?? []
      if (neighbour === undefined || map === undefined) return []
      const isOn = lines.has(`neighbor ${neighbour} activate`)
      if (!isOn || shut.has(`neighbor ${neighbour} shutdown`)) return []
      return [[neighbour, matched.get(map) ?? NO_TAGS]]
    })
    families.set(placeOf(context), { tags: new Map(tags), leaving: new Map(leaving) })
  }
  return ({ vrf, neighbour, prefix }) => {
    const family = families.get(`${vrf} ${familyOf(prefix)}`)
    const tag = family?.tags.get(prefix)
    return tag !== undefined && (family?.leaving.get(neighbour)?.has(tag) ?? false)
  }
}

/** Returns the tag that each map gives, and the tags that each map lets through. */
function tagsOf(tree: Tree) {
  const given = new Map<string, string>()
  const matched = new Map<string, Set<string>>()
  for (const [context, lines] of tree) {
    const [, map] = /^route-map (\S+) permit \d+$/.exec(context) ?? []
    if (map === undefined) continue
    for (const line of lines) {
      const [, verb, tag] = /^(set|match) tag (\d+)$/.exec(line) ?? []
      if (tag === undefined) continue
      if (verb === 'set') given.set(map, tag)
      else matched.set(map, (matched.get(map) ?? new Set()).add(tag))
    }
  }
  return { given, matched }
}

/** Returns the VRF and the family of a block. */
function placeOf(context: Context): string {
  const [, vrf = '', family] =
    /^router bgp \d+(?: vrf (\S+))? \| address-family (\S+) unicast$/.exec(context) ?? []
  return `${vrf} ${family}`
}
