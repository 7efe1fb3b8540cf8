import { ruleDigest } from '../../apply/nftables/identify.ts'
import { interfacesIn } from '../../apply/nftables/interfaces.ts'
import { nftablesBackend } from '../../model/backend.ts'
import type { TableFamily } from '../../model/family.ts'
import type { LocalTraffic, Settings } from '../../model/node.ts'
import { ipvsFrame } from '../../render/ipvs/chains.ts'
import { frame } from '../../render/nftables/chains.ts'
import { namesIn } from '../../render/nftables/table.ts'
import type { KernelRuleset, KernelTable, Rule } from '../../ruleset/nftables/types.ts'
import { TABLE_FLAG } from '../../ruleset/nftables/types.ts'
import type { WalkedChain, WalkedRuleset, WalkedTable } from '../../trace/nftables/state.ts'

/**
 * Returns what the kernel holds as a rule set to walk. A rule is recognised by its digest, for any
 * settings that it may have been made with; a rule that nodelb never makes is marked as strange.
 */
export function walkedRuleset(kernel: KernelRuleset): WalkedRuleset {
  const ip = walkedTable(kernel.ip)
  const ip6 = walkedTable(kernel.ip6)
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
}

/** Returns undefined for a dormant table, too: its hooks are not in place. */
function walkedTable(table: KernelTable | undefined): WalkedTable | undefined {
  if (table === undefined || ((table.flags ?? 0) & TABLE_FLAG.dormant) !== 0) return undefined
  const { family, sets, elements } = table
  const known = knownRules(table)
  const chains = [...table.chains.values()].map(({ name, base, rules }): [string, WalkedChain] => [
    name,
    {
      name,
      ...(base && { base }),
      rules: rules.map(({ text }) => known.get(text) ?? { strange: text }),
    },
  ])
  return { family, sets, elements, chains: new Map(chains) }
}

/** Returns the rules that any settings give for these sets, by digest. */
function knownRules({ family, sets, elements, chains }: KernelTable): ReadonlyMap<string, Rule> {
  const digests = [...chains.values()].flatMap(({ rules }) => rules.map(({ text }) => text))
  const names = new Set([...sets.keys(), ...namesIn(elements)])
  const known = new Map<string, Rule>()
  for (const settings of possibleSettings(family, digests)) {
    for (const { rules } of [frame, ipvsFrame].flatMap((make) => [
      ...make(settings, names).values(),
    ])) {
      for (const rule of rules) known.set(ruleDigest(family, rule), rule)
    }
    if (digests.every((digest) => known.has(digest))) break
  }
  return known
}

/** The settings that change rules. The scope changes only rules beside ipvs. */
const SHAPES: readonly Pick<Settings, 'nodePortAddresses' | 'scope'>[] = [
  { nodePortAddresses: { kind: 'primary' }, scope: 'all' },
  { nodePortAddresses: { kind: 'ranges', ranges: [], wholeFamilies: [] }, scope: 'all' },
  { nodePortAddresses: { kind: 'all' }, scope: 'all' },
  { nodePortAddresses: { kind: 'primary' }, scope: 'load-balancer' },
]

/** Returns all settings by which rules may differ, as far as the digests do not tell. */
function possibleSettings(family: TableFamily, digests: readonly string[]): readonly Settings[] {
  const detections: readonly LocalTraffic[] = [
    { kind: 'ranges', ranges: [] },
    { kind: 'none' },
    ...digests
      .flatMap(interfacesIn)
      .map(
        ({ name, prefix }): LocalTraffic =>
          prefix ? { kind: 'interface-prefix', prefix: name } : { kind: 'interface', name },
      ),
  ]
  const masqueradeBit = bitIn(family, digests)
  return detections.flatMap((localTraffic) =>
    [false, true].flatMap((masqueradeAll) =>
      SHAPES.map(
        (shape): Settings => ({
          ...shape,
          target: 'pods',
          localTraffic,
          masqueradeAll,
          masqueradeBit,
          serviceRanges: [],
          backend: nftablesBackend,
        }),
      ),
    ),
  )
}

/** Returns the mark bit for which there is a rule that masquerades; 0 if there is none. */
function bitIn(family: TableFamily, digests: readonly string[]): number {
  const bits = Array.from({ length: 32 }, (_, bit) => bit)
  const masquerade = (bit: number): Rule => ({
    statements: [{ kind: 'has-mark', bit }, { kind: 'clear-mark', bit }, { kind: 'masquerade' }],
  })
  return bits.find((bit) => digests.includes(ruleDigest(family, masquerade(bit)))) ?? 0
}
