import { commitIptables, type IptablesCommit } from '../apply/iptables/commit.ts'
import type { IptablesFailure } from '../apply/iptables/failure.ts'
import type { FlavourPrograms } from '../apply/iptables/programs.ts'
import { readIptables } from '../apply/iptables/read.ts'
import { compareIptables, planChanges } from '../plan/iptables.ts'
import { servicesIn } from '../plan/iptables-explain.ts'
import type { IptablesLowering } from '../render/iptables/lowering.ts'
import type { IptablesRuleset, TableChange } from '../ruleset/iptables.ts'
import { type Failed, failed, type Refusal } from './outcome.ts'

/** What programming iptables works with. */
export interface IptablesParts {
  readonly programs: FlavourPrograms
  readonly lowering: IptablesLowering
  /** Hears of commits before and after, if anybody has to. */
  readonly around: (
    held: IptablesRuleset,
    commit: () => Promise<IptablesCommit>,
  ) => Promise<IptablesCommit>
}

/** The tables hold what is rendered. */
export interface Compared {
  readonly kind: 'compared'
  readonly changes: readonly TableChange[]
  readonly bytes: number
  /** Services that this comparison had to leave as they were. */
  readonly refusals: readonly Refusal[]
}

/** What the tables hold, and what they lack. */
export interface Comparison {
  readonly kind: 'read'
  readonly held: IptablesRuleset
  readonly changes: readonly TableChange[]
  readonly steps: ReturnType<typeof planChanges>
}

const ATTEMPTS = 10

/** Reads, and works out what is missing; changes nothing. */
export async function compareTables({
  programs,
  lowering,
}: Pick<IptablesParts, 'programs' | 'lowering'>): Promise<Comparison | Failed> {
  const state = await readIptables(programs)
  if (state.kind === 'unreadable') return failed(state.obstacle.reason)
  const held = state.ruleset
  const { ip, ip6 } = lowering.rules()
  const desired = {
    ...(ip && state.missing.ip === undefined && { ip }),
    ...(ip6 && state.missing.ip6 === undefined && { ip6 }),
  }
  const changes = compareIptables(held, desired)
  return { kind: 'read', held, changes, steps: [...state.realignment, ...planChanges(changes)] }
}

/** Commits what lacks. A Service that is refused is held as it was, and the rest planned again. */
export async function compareAndCommit(
  parts: IptablesParts,
  first?: Comparison,
): Promise<Compared | Failed> {
  const refusals = new Map<string, Refusal>()
  let found: Comparison | Failed | undefined = first
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    found ??= await compareTables(parts)
    if (found.kind === 'failed') return found
    const { held, steps, changes } = found
    const { outcome, bytes } = await parts.around(held, () =>
      commitIptables(parts.programs, held, steps),
    )
    if (outcome.kind === 'committed') {
      return { kind: 'compared', changes, bytes, refusals: [...refusals.values()] }
    }
    if (outcome.kind === 'unable') return failed(outcome.obstacle.reason)
    const refused = blame(outcome.failures, changes, parts.lowering)
    const fresh = [...refused].filter(([name]) => !refusals.has(name))
    if (fresh.length === 0) return failed(REFUSED, outcome.failures.map(refusedRule))
    for (const [name, refusal] of fresh) refusals.set(name, refusal)
    parts.lowering.hold(held, new Set(fresh.map(([name]) => name)))
    found = undefined
  }
  return failed(`${REFUSED} ${ATTEMPTS} times`)
}

const REFUSED = 'iptables refused the rules'

/**
 * The Services of refused chains. The legacy flavour does not tell which chain it was: then all that
 * change in the table are left as they were, and each is tried again for itself.
 */
export function blame(
  failures: readonly IptablesFailure[],
  changes: readonly TableChange[],
  lowering: Pick<IptablesLowering, 'labelOf'>,
): ReadonlyMap<string, Refusal> {
  const refusals = new Map<string, Refusal>()
  for (const failure of failures) {
    const labelOf: IptablesLowering['labelOf'] = (family, chain) => lowering.labelOf(family, chain)
    for (const service of servicesIn(changes, labelOf, failure)) {
      if (!refusals.has(service)) refusals.set(service, { service, reason: refusedRule(failure) })
    }
  }
  return refusals
}

/** `iptables -t nat NODELB-S-…: RULE_APPEND failed (Invalid argument)` */
export function refusedRule({ family, table, chain, rule, message }: IptablesFailure): string {
  const place = [family === 'ip' ? 'iptables' : 'ip6tables', '-t', table, chain, rule]
  return `${place.filter((part) => part !== undefined).join(' ')}: ${message}`
}
