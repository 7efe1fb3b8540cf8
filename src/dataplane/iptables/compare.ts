import { commitIptables, type IptablesCommit } from '../../apply/iptables/commit.ts'
import type { IptablesFailure } from '../../apply/iptables/failure.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import { readIptables } from '../../apply/iptables/read.ts'
import type { ChainRenderer } from '../../exempt/chain-renderer.ts'
import type { Refusal } from '../../exempt/exemption.ts'
import type { Owner } from '../../frontend/label-text.ts'
import { servicesIn } from '../../plan/iptables/explain.ts'
import { compareIptables, planChanges } from '../../plan/iptables/plan.ts'
import type { IptablesRuleset, TableChange } from '../../ruleset/iptables/types.ts'
import { type Failed, failed } from '../outcome.ts'

/** What programming iptables works with. */
export interface IptablesParts {
  readonly programs: FlavourPrograms
  readonly renderer: ChainRenderer
  /** Runs a commit, and lets a watch, if there is one, look before and after it. */
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

/** What the tables hold, and what is missing in them. */
export interface Comparison {
  readonly kind: 'read'
  readonly held: IptablesRuleset
  /** What they are to hold, in the families for which there are programs. */
  readonly desired: IptablesRuleset
  readonly changes: readonly TableChange[]
}

/** Commits of one comparison, after which refused Services are no longer distinguished. */
const MOST_COMMITS = 100
/**
 * Times that rules of no Service may be refused: others may have moved them since they were read.
 */
const MOST_LOST = 3

/** Reads the tables and returns what is missing; changes nothing. */
export async function compareTables({
  programs,
  renderer,
}: Pick<IptablesParts, 'programs' | 'renderer'>): Promise<Comparison | Failed> {
  const state = await readIptables(programs)
  if (state.kind === 'unreadable') return failed(state.obstacle.reason)
  const { ruleset: held, displaced, missing } = state
  const { ip, ip6 } = renderer.lowering.rules()
  const desired = {
    ...(ip && missing.ip === undefined && { ip }),
    ...(ip6 && missing.ip6 === undefined && { ip6 }),
  }
  return { kind: 'read', held, desired, changes: compareIptables(held, desired, displaced) }
}

/**
 * Commits what is missing. Refused Services are held as they were, and the rest is planned again.
 * Where it is unclear which of several Services was refused, they are tried again half by half.
 */
export async function compareAndCommit(parts: IptablesParts): Promise<Compared | Failed> {
  const { renderer } = parts
  const done: TableChange[] = []
  const suspects = new Suspects()
  let sent = 0
  let lost = 0
  for (let commits = 1; ; commits++) {
    const found = await compareTables(parts)
    if (found.kind === 'failed') return found
    const { held, changes } = found
    const { outcome, bytes } = await parts.around(held, () =>
      commitIptables(parts.programs, held, planChanges(changes)),
    )
    sent += bytes
    if (outcome.kind === 'unable') return failed(outcome.obstacle.reason)
    if (outcome.kind === 'rejected') {
      const names = suspects.accuse(
        blame(outcome.failures, changes, renderer.lowering),
        renderer.lowering.exemptServices(),
      )
      if (names.size > 0) renderer.lowering.exempt(held, names)
      else if (++lost === MOST_LOST) return failed(REFUSED, outcome.failures.map(refusedRule))
      continue
    }
    done.push(...changes)
    const next = commits < MOST_COMMITS ? suspects.next() : undefined
    if (next === undefined) {
      return { kind: 'compared', changes: done, bytes: sent, refusals: suspects.refusals() }
    }
    renderer.lowerAgain(next)
  }
}

const REFUSED = 'iptables refused the rules'

/** For each failure, the Services that it may concern, and what was refused. */
type Blame = readonly {
  readonly reason: string
  readonly services: ReadonlySet<Owner>
}[]

/**
 * The legacy flavour does not report which chain the kernel refused, so it may be any that changes.
 */
function blame(
  failures: readonly IptablesFailure[],
  changes: readonly TableChange[],
  lowering: Pick<ChainRenderer['lowering'], 'labelOf'>,
): Blame {
  return failures.map((failure) => ({
    reason: refusedRule(failure),
    services: servicesIn(changes, (family, chain) => lowering.labelOf(family, chain), failure),
  }))
}

/** The Services that were refused, and the groups in which the refused one is still unknown. */
class Suspects {
  readonly #refusals: Map<Owner, Refusal> = new Map()
  /** Groups of held Services; in each group at least one was refused. */
  readonly #groups: Refusal[][] = []
  /** The group that is being tried: when it was committed, all others were as before. */
  #tried: ReadonlySet<Owner> = new Set()

  /** Returns the Services to hold in addition to those in `held`, which did not change. */
  accuse(blamed: Blame, held: ReadonlySet<Owner>): ReadonlySet<Owner> {
    const names = new Set<Owner>()
    for (const { reason, services } of blamed) {
      const able = [...services].filter((name) => !names.has(name) && !held.has(name))
      const tried = able.filter((name) => this.#tried.has(name))
      const fresh = tried.length > 0 ? tried : able
      for (const name of fresh) names.add(name)
      const refusals = fresh.map((service) => ({ service, reason }))
      const half = Math.ceil(refusals.length / 2)
      if (refusals.length > 1) this.#groups.push(refusals.slice(half), refusals.slice(0, half))
      else for (const refusal of refusals) this.#refusals.set(refusal.service, refusal)
    }
    return names
  }

  /** Returns the Services to try next; undefined where none are left. */
  next(): readonly string[] | undefined {
    const names = this.#groups.pop()?.map(({ service }) => service)
    this.#tried = new Set(names)
    return names
  }

  refusals(): readonly Refusal[] {
    return [...this.#refusals.values(), ...this.#groups.flat()]
  }
}

/** Returns a line such as `iptables -t nat NODELB-S-…: RULE_APPEND failed (Invalid argument)`. */
export function refusedRule({ family, table, chain, rule, message }: IptablesFailure): string {
  const place = [family === 'ip' ? 'iptables' : 'ip6tables', '-t', table, chain, rule]
  return `${place.filter((part) => part !== undefined).join(' ')}: ${message}`
}
