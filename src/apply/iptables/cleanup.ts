import type { RestoreStep } from '../../ruleset/iptables/print.ts'
import {
  type ChainName,
  IPTABLES_TABLES,
  type IptablesRuleset,
} from '../../ruleset/iptables/types.ts'
import { type CommitOptions, commitIptables, type IptablesCommit } from './commit.ts'
import type { IptablesFailure } from './failure.ts'
import type { FlavourPrograms } from './programs.ts'
import { FAMILIES, type IptablesState, readIptables } from './read.ts'

export type IptablesCleanup =
  | { readonly kind: 'nothing' }
  | ({ readonly kind: 'tried'; readonly removed: IptablesRuleset } & IptablesCommit)
  | Extract<IptablesState, { readonly kind: 'unreadable' }>

/**
 * Removes nodelb's jumps and chains of one flavour, and nothing else. A chain to which a rule of
 * another program leads cannot be removed: it stays, empty, and is among the failures.
 */
export async function cleanIptables(
  programs: FlavourPrograms,
  options: CommitOptions = {},
): Promise<IptablesCleanup> {
  const state = await readIptables(programs, options.signal)
  if (state.kind === 'unreadable') return state
  const removed = state.ruleset
  let steps = removal(removed)
  if (steps.length === 0) return { kind: 'nothing' }
  let commit = await commitIptables(programs, removed, steps, options)
  const failures: IptablesFailure[] = []
  while (commit.outcome.kind === 'rejected') {
    const rest = sparing(steps, commit)
    if (rest === undefined) break
    failures.push(...commit.outcome.failures)
    steps = rest
    const { done, bytes } = commit
    const further = await commitIptables(programs, removed, steps, options)
    commit = { ...further, done: [...done, ...further.done], bytes: bytes + further.bytes }
  }
  if (commit.outcome.kind !== 'committed' || failures.length === 0) {
    return { kind: 'tried', removed, ...commit }
  }
  return { kind: 'tried', removed, ...commit, outcome: { kind: 'rejected', failures } }
}

/** Restrictions, which are in the first table, are removed last, so that they hold until then. */
function removal(held: IptablesRuleset): readonly RestoreStep[] {
  return FAMILIES.flatMap((family) =>
    IPTABLES_TABLES.toReversed().flatMap((table) => {
      const mine = held[family]?.get(table)
      if (mine === undefined) return []
      const leaving = [...mine.jumps].flatMap(([chain, rules]) =>
        rules.map((rule) => ({ chain, rule })),
      )
      const jumps = { insert: [], delete: leaving }
      return [{ family, table, chains: new Map(), gone: [...mine.chains.keys()], jumps }]
    }),
  )
}

/**
 * Returns the remaining steps, in which refused chains are only emptied; undefined if no refused
 * chain is known.
 */
function sparing(
  steps: readonly RestoreStep[],
  { outcome, done }: IptablesCommit,
): readonly RestoreStep[] | undefined {
  const refused = new Set<string>()
  for (const { family, table, chain } of outcome.kind === 'rejected' ? outcome.failures : []) {
    if (chain !== undefined) refused.add(`${family} ${table} ${chain}`)
  }
  let spared = false
  const rest = steps.map((step) => {
    const { family, table } = step
    const finished = done.filter((part) => part.family === family && part.table === table)
    const removed = new Set(finished.flatMap(({ gone }) => gone))
    const isRefused = (name: ChainName): boolean => refused.has(`${family} ${table} ${name}`)
    const stuck = step.gone.filter(isRefused)
    spared ||= stuck.length > 0
    return {
      ...step,
      chains: new Map([...step.chains, ...stuck.map((name) => [name, []] as const)]),
      gone: step.gone.filter((name) => !removed.has(name) && !isRefused(name)),
      jumps: finished.some(({ jumps }) => jumps.delete.length > 0) ? NO_JUMPS : step.jumps,
    }
  })
  return spared ? rest : undefined
}

const NO_JUMPS: RestoreStep['jumps'] = { insert: [], delete: [] }
