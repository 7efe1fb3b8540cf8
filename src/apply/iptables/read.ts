import type { TableFamily } from '../../model/family.ts'
import type {
  DisplacedJumps,
  IptablesChains,
  IptablesRuleset,
  IptablesTable,
} from '../../ruleset/iptables/types.ts'
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
      /** Where a rule of another program stands before one of nodelb's. */
      readonly displaced: readonly DisplacedJumps[]
      /** Why a family cannot be read or written: no program, or no such family in the kernel. */
      readonly missing: { readonly [family in TableFamily]?: string }
    }
  | { readonly kind: 'unreadable'; readonly family: TableFamily; readonly obstacle: Obstacle }

/**
 * Reads nodelb's part of all tables at once: naming a table would make the legacy flavour create
 * it. Never rejects; `unreadable` says what is in the way.
 */
export async function readIptables(
  programs: FlavourPrograms,
  signal?: AbortSignal,
): Promise<IptablesState> {
  const ruleset: { [family in TableFamily]?: ReadonlyMap<IptablesTable, IptablesChains> } = {}
  const missing: { [family in TableFamily]?: string } = {}
  const displaced: DisplacedJumps[] = []
  for (const family of FAMILIES) {
    const available = programs.families[family]
    if (available.kind === 'missing') {
      missing[family] = available.reason
      continue
    }
    const listing = await list(available.programs.save, signal)
    if ('obstacle' in listing) return { kind: 'unreadable', family, obstacle: listing.obstacle }
    if (listing.tables.size > 0) ruleset[family] = listing.tables
    displaced.push(...listing.displaced.map((place) => ({ family, ...place })))
  }
  return { kind: 'read', ruleset, displaced, missing }
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
