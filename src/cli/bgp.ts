import { visible } from '../decode/problem.ts'
import type { Plan } from '../plan/bgp/operation.ts'
import { printPlan } from '../plan/bgp/print.ts'
import { applyBgp, compareBgp, printBgp, proposedBgp } from '../speaker/bgp/proposal.ts'
import type { Loaded } from './load.ts'
import { count } from './print-plan.ts'

type LoadedObjects = Loaded & { readonly kind: 'loaded' }

/** What `render` prints of BGP. */
interface RenderedBgp {
  /** The configuration of FRR, with `***` for passwords. */
  readonly text: string
  /** What a person should settle. */
  readonly problems: readonly string[]
}

/** Returns how FRR would be configured; undefined if nothing is announced by BGP. */
export function renderedBgp(loaded: LoadedObjects): RenderedBgp | undefined {
  const proposed = proposedFor(loaded)
  return proposed && { text: printBgp(proposed.bgp), problems: told(proposed.bgp.problems) }
}

/** Returns the configuration of FRR as comments, so that nft takes all that `render` prints. */
export function bgpAsComments({ text }: RenderedBgp): string {
  const lines = text.trimEnd().split('\n')
  return ['# FRR', ...lines].map((line, at) => `${at === 0 ? line : `#   ${line}`}\n`).join('')
}

/** What `diff` says of BGP. */
export interface BgpDifference {
  readonly plan: Plan
  readonly problems: readonly string[]
}

/**
 * Compares the FRR of this machine with what the objects call for; undefined if nothing is announced
 * by BGP.
 */
export async function bgpDifference(loaded: LoadedObjects): Promise<BgpDifference | undefined> {
  const proposed = proposedFor(loaded)
  if (proposed === undefined) return undefined
  const problems = told(proposed.bgp.problems)
  const compared = await compareBgp(proposed.bgp, proposed.settings, proposed.keeps)
  if (compared.kind === 'compared') {
    return { plan: compared.plan, problems: [...problems, ...compared.problems] }
  }
  const reason = `what is announced by BGP is not compared: ${compared.reason}`
  return { plan: [], problems: [...problems, reason] }
}

/** Returns the difference as text; empty if there is none. */
export function printBgpDifference({ plan }: BgpDifference): string {
  if (plan.length === 0) return ''
  const operations = count(plan.length, 'operation')
  return `\nannounced by BGP, in FRR\n${indented(printPlan(plan))}${operations} in FRR\n`
}

/** Returns the difference for programs. */
export function bgpDifferenceAsJson({ plan, problems }: BgpDifference): unknown {
  return { problems, changes: plan.length === 0 ? [] : printPlan(plan).trimEnd().split('\n') }
}

/** What `apply` did to FRR. */
interface AppliedToFrr {
  /** Undefined if FRR could not be asked. */
  readonly operations: number | undefined
  readonly problems: readonly string[]
  /** Whether FRR is as it should be. */
  readonly isWhole: boolean
}

/** Configures the FRR of this machine; undefined if nothing is announced by BGP. */
export async function appliedToFrr(loaded: LoadedObjects): Promise<AppliedToFrr | undefined> {
  const proposed = proposedFor(loaded)
  if (proposed === undefined) return undefined
  const problems = told(proposed.bgp.problems)
  const applied = await applyBgp(proposed.bgp, proposed.settings, proposed.keeps)
  if (applied.kind === 'not-applied') {
    const reason = `nothing is announced by BGP: ${applied.reason}`
    return { operations: undefined, problems: [...problems, reason], isWhole: false }
  }
  const { operations, refused } = applied
  const all = [...problems, ...told(refused), ...applied.problems]
  return { operations, problems: all, isWhole: refused.length === 0 }
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

function told(
  problems: readonly { readonly object: string; readonly message: string }[],
): readonly string[] {
  return problems.map(({ object, message }) => visible(`${object}: ${message}`))
}

function proposedFor({ goal, config, announcing }: LoadedObjects) {
  const { bgp: settings } = config.announce
  if (!settings.enabled || announcing === undefined) return undefined
  const node = announcing.objects.nodes.find(({ name }) => name === goal.node.name)
  if (node === undefined) return undefined
  const { services, endpoints, pools } = announcing.objects
  const objects = { ...announcing.bgp, services, endpoints, pools }
  const withClasses = { ...settings, classes: config.allocation.loadBalancerClasses }
  const keeps = goal.incomplete === true
  return { bgp: proposedBgp(objects, node, withClasses), settings: withClasses, keeps }
}
