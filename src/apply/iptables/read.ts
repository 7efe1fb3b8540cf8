import type { IptablesChains, IptablesRuleset, IptablesTable } from '../../ruleset/iptables.ts'
import type { RestoreStep } from '../../ruleset/print-iptables.ts'
import type { TableFamily } from '../../ruleset/types.ts'
import { type Obstacle, obstacleOf } from './failure.ts'
import { type Listing, ListingReader } from './listing.ts'
import { runProgram } from './process.ts'
import type { FlavourPrograms } from './programs.ts'

export const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** What nodelb has in the tables of one flavour. */
export type IptablesState =
  | {
      readonly kind: 'read'
      readonly ruleset: IptablesRuleset
      /** Puts jumps first again where a rule of others stands before one; send it before the rest. */
      readonly realignment: readonly RestoreStep[]
      /** Why a family cannot be read or written here: no program, no such family in the kernel. */
      readonly missing: { readonly [family in TableFamily]?: string }
    }
  | { readonly kind: 'unreadable'; readonly family: TableFamily; readonly obstacle: Obstacle }

/** Asks for every table at once: naming one would make the legacy flavour create it. */
export async function readIptables(
  programs: FlavourPrograms,
  signal?: AbortSignal,
): Promise<IptablesState> {
  const ruleset: { [family in TableFamily]?: ReadonlyMap<IptablesTable, IptablesChains> } = {}
  const missing: { [family in TableFamily]?: string } = {}
  const realignment: RestoreStep[] = []
  for (const family of FAMILIES) {
    const available = programs.families[family]
    if (available.kind === 'missing') {
      missing[family] = available.reason
      continue
    }
    const listing = await list(available.programs.save, signal)
    if ('obstacle' in listing) return { kind: 'unreadable', family, obstacle: listing.obstacle }
    if (listing.tables.size > 0) ruleset[family] = listing.tables
    realignment.push(...realign(family, listing))
  }
  return { kind: 'read', ruleset, realignment, missing }
}

function realign(family: TableFamily, { tables, displaced }: Listing): readonly RestoreStep[] {
  return displaced.map(({ table, chain }) => {
    const rules = tables.get(table)?.jumps.get(chain) ?? []
    const jumps = rules.map((rule) => ({ chain, rule }))
    const again = { delete: jumps, insert: jumps }
    return { family, table, chains: new Map(), gone: [], jumps: again }
  })
}

async function list(
  save: string,
  signal: AbortSignal | undefined,
): Promise<Listing | { readonly obstacle: Obstacle }> {
  const reader = new ListingReader()
  const ended = await runProgram({
    file: save,
    args: [],
    onLine: (line) => reader.line(line),
    signal,
  })
  if (ended.kind !== 'exited' || ended.code !== 0) return { obstacle: obstacleOf(ended) }
  const listing = reader.finish()
  if (listing.incompatible.length === 0) return listing
  const reason = `only nft can read what is in: ${listing.incompatible.join(', ')}`
  return { obstacle: { kind: 'unsupported', reason } }
}
