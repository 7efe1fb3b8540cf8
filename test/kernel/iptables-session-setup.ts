import { onTestFinished } from 'vitest'
import type { FlavourPrograms } from '../../src/apply/iptables/programs.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { type IptablesSession, startIptablesSession } from '../../src/dataplane/iptables/session.ts'
import type { ForeignChange, SessionOptions, Synced } from '../../src/dataplane/session.ts'
import { fixtureGoal } from '../support/goal.ts'
import { fixtures } from './session-setup.ts'

/** Sessions of the iptables backend on the network of the test's thread. */

export const jellyfin: Goal = iptablesGoal('load-balancer-many-endpoints')
export const asterisk: Goal = iptablesGoal('session-affinity-dual-stack')
export const nginx: Goal = iptablesGoal('dual-stack-policy-local')
export const ranges: Goal = iptablesGoal('source-ranges')

export function iptablesGoal(fixture: string): Goal {
  return fixtureGoal(`${fixtures}${fixture}`, 'input.yaml', 'iptables')
}

export interface Begun {
  readonly session: IptablesSession
  readonly first: Extract<Synced, { kind: 'committed' }>
}

/** Closed when the test is over. */
export async function begin(
  programs: FlavourPrograms,
  goal: Goal,
  options: SessionOptions = { watch: true },
): Promise<Begun> {
  const started = await startIptablesSession(programs, goal, options)
  if (started.kind === 'failed') throw new Error(reasonOf(started.outcome))
  const { session, first } = started
  onTestFinished(() => session.close())
  return { session, first }
}

export function committed(outcome: Synced): Extract<Synced, { kind: 'committed' }> {
  if (outcome.kind === 'failed') throw new Error(reasonOf(outcome))
  return outcome
}

function reasonOf({ reason, details }: Extract<Synced, { kind: 'failed' }>): string {
  return [reason, ...details].join('\n')
}

/** Milliseconds within which a change of others has to be noticed. */
const PROMISED = 10_000

/** The next change by others that the session hears of. */
export function heard(session: IptablesSession): Promise<ForeignChange> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('not noticed')), PROMISED)
    const stop = session.onForeign((change) => {
      clearTimeout(late)
      stop()
      resolve(change)
    })
  })
}

/** Gives the Services of a goal that many endpoints. */
export function scale({ renderer }: IptablesSession, goal: Goal, count: number): void {
  for (const slice of goal.cluster.slices) {
    renderer.setSlice({ ...slice, endpoints: slice.endpoints.slice(0, count) })
  }
}
