import type { TableFamily } from '../../model/family.ts'
import { printStep, type RestoreStep } from '../../ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import {
  type IptablesFailure,
  knownObstacle,
  lineFailures,
  locate,
  type Obstacle,
  obstacleOf,
} from './failure.ts'
import { inPortions } from './portions.ts'
import { type Ended, runProgram } from './process.ts'
import type { FlavourPrograms } from './programs.ts'
import { FAMILIES } from './read.ts'

export interface IptablesCommit {
  readonly outcome:
    | { readonly kind: 'committed' }
    /** Whatever is not in `done` was refused, or came after a refusal. */
    | { readonly kind: 'rejected'; readonly failures: readonly IptablesFailure[] }
    /** Read again before the next commit: a program that was stopped may have done its work. */
    | { readonly kind: 'unable'; readonly family: TableFamily; readonly obstacle: Obstacle }
  /** The steps that took effect, in order; a large step was sent as several. */
  readonly done: readonly RestoreStep[]
  /** The number of bytes sent. */
  readonly bytes: number
}

export interface CommitOptions {
  /** Seconds to wait for the lock of the legacy tables. */
  readonly wait?: number
  /** Milliseconds that each family may take. */
  readonly timeLimit?: number
  readonly signal?: AbortSignal
}

const WAIT = 5

/**
 * Sends all steps of a family to one `iptables-restore`, in order. Each step is one COMMIT, which
 * the kernel applies as a whole or not at all; after the first failure no more are tried. The
 * families are independent: a refusal in one does not stop the other. `held` is the state before
 * the steps.
 */
export async function commitIptables(
  programs: FlavourPrograms,
  held: IptablesRuleset,
  steps: readonly RestoreStep[],
  options: CommitOptions = {},
): Promise<IptablesCommit> {
  const done: RestoreStep[] = []
  const failures: IptablesFailure[] = []
  let bytes = 0
  for (const family of FAMILIES) {
    const commits = steps
      .filter((step) => step.family === family)
      .flatMap((step) => (programs.flavour === 'nft' ? inPortions(step, held) : [step]))
    if (commits.length === 0) continue
    const texts = commits.map((step) => [...printStep(step)].join(''))
    const judged = judge(family, texts, await restore(programs, family, texts, options))
    bytes += texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    done.push(...commits.slice(0, judged.done))
    failures.push(...judged.failures)
    const { obstacle } = judged
    if (obstacle !== undefined)
      return { outcome: { kind: 'unable', family, obstacle }, done, bytes }
  }
  if (failures.length > 0) return { outcome: { kind: 'rejected', failures }, done, bytes }
  return { outcome: { kind: 'committed' }, done, bytes }
}

function restore(
  programs: FlavourPrograms,
  family: TableFamily,
  input: readonly string[],
  { wait = WAIT, timeLimit, signal }: CommitOptions,
): Promise<Ended> | Ended {
  const available = programs.families[family]
  if (available.kind === 'missing') return { kind: 'not-started', reason: available.reason }
  return runProgram({
    file: available.programs.restore,
    // The nft flavour needs no lock, but accepts the option for compatibility.
    args: ['--noflush', '--wait', String(wait)],
    input,
    signal,
    ...(timeLimit !== undefined && { timeLimit }),
  })
}

interface Judgement {
  /** The number of commits that took effect. */
  readonly done: number
  readonly failures: readonly IptablesFailure[]
  readonly obstacle?: Obstacle
}

function judge(family: TableFamily, texts: readonly string[], ended: Ended): Judgement {
  if (ended.kind !== 'exited') return { done: 0, failures: [], obstacle: obstacleOf(ended) }
  if (ended.code === 0) return { done: texts.length, failures: [] }
  const lines = texts.join('').split('\n')
  const found = lineFailures(ended.stderr)
  const first = Math.min(lines.length, ...found.map(({ line }) => line))
  const done = found.length === 0 ? 0 : count('COMMIT', lines.slice(0, first - 1))
  const failures = found.flatMap((failure) => locate(family, lines, failure) ?? [])
  const obstacle = knownObstacle(ended.stderr)
  if (obstacle === undefined && failures.length > 0) return { done, failures }
  return { done, failures: [], obstacle: obstacle ?? obstacleOf(ended) }
}

function count(wanted: string, lines: readonly string[]): number {
  return lines.filter((line) => line === wanted).length
}
