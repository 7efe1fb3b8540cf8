import { stringify } from 'yaml'
import type { Config } from '../config/config.ts'
import { visible } from '../decode/problem.ts'
import type { Plan } from '../plan/bgp/operation.ts'
import { printPlan } from '../plan/bgp/print.ts'
import {
  differenceFrom,
  proposedConfiguration,
  shownConfiguration,
} from '../speaker/bgp/frr-k8s-proposal.ts'
import { applyBgp, compareBgp, NOTHING, printBgp, proposedBgp } from '../speaker/bgp/proposal.ts'
import { bgpObjectsOf, bgpSettingsOf } from './bgp-objects.ts'
import { ownNamespace } from './followed.ts'
import type { Loaded } from './load.ts'
import { count } from './print-plan.ts'

type LoadedObjects = Loaded & { readonly kind: 'loaded' }

/** What `render` prints of BGP. */
interface RenderedBgp {
  /** Whose configuration it is. */
  readonly of: 'FRR' | 'frr-k8s'
  /** It, with `***` for passwords. */
  readonly text: string
  /** The same for programs, as fields of an object. */
  readonly fields: object
  /** What a person should settle. */
  readonly problems: readonly string[]
}

/** Returns how FRR or frr-k8s would be configured; undefined if nothing is announced by BGP. */
export function renderedBgp(loaded: LoadedObjects): RenderedBgp | undefined {
  const asked = askedFor(loaded)
  if (asked === undefined) return undefined
  if (asked.settings.engine === 'frr-k8s') {
    const proposed = configurationFor(asked)
    const frrConfiguration = shownConfiguration(proposed)
    const text = stringify(frrConfiguration, { lineWidth: 0 })
    const problems = told(proposed.problems)
    return { of: 'frr-k8s', text, fields: { frrConfiguration }, problems }
  }
  const proposed = proposedFor(asked)
  const text = printBgp(proposed)
  const fields = { frr: text.trimEnd().split('\n') }
  return { of: 'FRR', text, fields, problems: told(proposed.problems) }
}

/** Returns the configuration as comments, so that nft takes all that `render` prints. */
export function bgpAsComments({ of, text }: RenderedBgp): string {
  const lines = text.trimEnd().split('\n')
  return [`# ${of}`, ...lines].map((line, at) => `${at === 0 ? line : `#   ${line}`}\n`).join('')
}

/** What `diff` says of BGP. */
export interface BgpDifference {
  readonly of: RenderedBgp['of']
  /** How many operations it takes. */
  readonly operations: number
  readonly lines: readonly string[]
  readonly problems: readonly string[]
}

/**
 * Compares the FRR of this machine, or the FRRConfiguration among the objects, with what the other objects
 * call for; undefined if nothing is announced by BGP.
 */
export async function bgpDifference(loaded: LoadedObjects): Promise<BgpDifference | undefined> {
  const asked = askedFor(loaded)
  if (asked === undefined) return undefined
  if (asked.settings.engine === 'frr-k8s') {
    const proposed = configurationFor(asked)
    const lines = differenceFrom(asked.frrConfigurations, proposed)
    const problems = told(proposed.problems)
    return { of: 'frr-k8s', operations: lines.length, lines, problems }
  }
  const proposed = proposedFor(asked)
  const problems = told(proposed.problems)
  const compared = await compareBgp(proposed, asked.settings, asked.keeps)
  if (compared.kind === 'compared') {
    return { ...inFrr(compared.plan), problems: [...problems, ...compared.problems] }
  }
  const reason = `what is announced by BGP is not compared: ${compared.reason}`
  return { of: 'FRR', operations: 0, lines: [], problems: [...problems, reason] }
}

function inFrr(plan: Plan): BgpDifference {
  const lines = plan.length === 0 ? [] : printPlan(plan).trimEnd().split('\n')
  return { of: 'FRR', operations: plan.length, lines, problems: [] }
}

/** Returns the difference as text; empty if there is none. */
export function printBgpDifference({ of, operations, lines }: BgpDifference): string {
  if (operations === 0) return ''
  const where = of === 'FRR' ? 'in FRR' : 'in the FRRConfiguration'
  const counted = count(operations, of === 'FRR' ? 'operation' : 'change')
  return `\nannounced by BGP, ${where}\n${indented(`${lines.join('\n')}\n`)}${counted} ${where}\n`
}

/** Returns the difference for programs. */
export function bgpDifferenceAsJson({ lines, problems }: BgpDifference): unknown {
  return { problems, changes: lines }
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
  const asked = askedFor(loaded)
  if (asked === undefined) return undefined
  if (asked.settings.engine === 'frr-k8s') {
    const reason = 'nothing is announced by BGP: the agent alone writes a FRRConfiguration'
    return { operations: undefined, problems: [reason], isWhole: false }
  }
  const proposed = proposedFor(asked)
  const problems = told(proposed.problems)
  const applied = await applyBgp(proposed, asked.settings, asked.keeps)
  if (applied.kind === 'not-applied') {
    const reason = `nothing is announced by BGP: ${applied.reason}`
    return { operations: undefined, problems: [...problems, reason], isWhole: false }
  }
  const { operations, refused } = applied
  const all = [...problems, ...told(refused), ...applied.problems]
  return { operations, problems: all, isWhole: refused.length === 0 }
}

/** What `cleanup` did to FRR. */
interface RemovedFromFrr {
  readonly removed: readonly string[]
  readonly problems: readonly string[]
  /** Whether nothing of nodelb's is left there. */
  readonly isWhole: boolean
}

/**
 * Takes out of the FRR of this machine what is nodelb's, and shows before what that is. All of its BGP is
 * nodelb's only where the configuration says so; else what has nodelb's names, and the neighbours with its
 * maps. An FRR that does not run has nothing.
 */
export async function removedFromFrr(
  { announce: { bgp } }: Config,
  show: (text: string) => void,
): Promise<RemovedFromFrr> {
  if (bgp.enabled && bgp.engine === 'frr-k8s') {
    const problems = ['the FRRConfiguration of this Node stays: its agent deletes it when it ends']
    return { removed: [], problems, isWhole: true }
  }
  const settings = { frr: { ...bgp.frr, shared: bgp.frr.shared || !bgp.enabled } }
  const compared = await compareBgp(NOTHING, settings, false)
  if (compared.kind === 'not-compared') {
    const problems = [`nothing is removed from FRR: ${compared.reason}`]
    if (!compared.isAbsent) return { removed: [], problems, isWhole: false }
    return { removed: [], problems: bgp.enabled ? problems : [], isWhole: true }
  }
  if (compared.plan.length === 0) return { removed: [], problems: [], isWhole: true }
  show(printBgpDifference(inFrr(compared.plan)).trimStart())
  const applied = await applyBgp(NOTHING, settings, false)
  if (applied.kind === 'not-applied') {
    const problems = [`not all is removed from FRR: ${applied.reason}`]
    return { removed: [], problems, isWhole: false }
  }
  const { refused, problems } = applied
  return {
    removed: ["nodelb's part of FRR"],
    problems: [...told(refused), ...problems],
    isWhole: refused.length === 0,
  }
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

function told(
  problems: readonly { readonly object: string; readonly message: string }[],
): readonly string[] {
  return problems.map(({ object, message }) => visible(`${object}: ${message}`))
}

/** What announcing by BGP is decided of; undefined if nothing is announced. */
function askedFor({ goal, config, announcing }: LoadedObjects) {
  if (!config.announce.bgp.enabled || announcing === undefined) return undefined
  const node = announcing.objects.nodes.find(({ name }) => name === goal.node.name)
  if (node === undefined) return undefined
  const objects = bgpObjectsOf(announcing.objects, announcing.bgp)
  const settings = bgpSettingsOf(config)
  const { frrConfigurations } = announcing
  return { objects, node, settings, frrConfigurations, keeps: goal.incomplete === true }
}

type Asked = NonNullable<ReturnType<typeof askedFor>>

function proposedFor({ objects, node, settings }: Asked) {
  return proposedBgp(objects, node, settings)
}

function configurationFor({ objects, node, settings }: Asked) {
  return proposedConfiguration(objects, { node, namespace: ownNamespace() }, settings)
}
