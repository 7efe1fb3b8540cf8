import { loadConntrack } from '../apply/conntrack/load.ts'
import { prepareNode, printSysctl } from '../apply/sysctl/prepare-node.ts'
import type { Goal, Proposed } from '../dataplane/dataplane.ts'
import type { Dataplanes } from '../dataplane/dataplanes.ts'
import { checkMachine } from '../dataplane/machine.ts'
import { printProblem } from '../decode/problem.ts'
import type { Refusal } from '../exempt/exemption.ts'
import type { Denial } from '../frontend/denials.ts'
import { type NameOf, namesOf } from '../frontend/labels.ts'
import { onlyLiberal } from '../model/conntrack.ts'
import { demandOf } from '../plan/demand.ts'
import { printFinding } from '../plan/preflight.ts'
import { recalled } from '../render/nftables/recall.ts'
import { renderFor } from '../render/rendering.ts'
import { type Sources, TROUBLE } from './arguments.ts'
import { appliedToFrr, bgpAsComments, renderedBgp } from './bgp.ts'
import { withDataplanes } from './kernel.ts'
import { type AsksForAnnouncing, type Loaded, load } from './load.ts'
import type { Output } from './output.ts'
import { denialLines } from './print-denials.ts'
import { printRendering, renderingAsJson } from './print-rendering.ts'
import { summaryOf } from './print-summary.ts'

/** Prints the rule set. Returns the exit code. */
export async function renderCommand(sources: Sources, output: Output): Promise<number> {
  const loaded = reported(sources, output, ({ announce }) => announce.bgp.enabled)
  if (loaded.kind === 'failed') return TROUBLE
  const { cluster, node, settings } = loaded.goal
  const { rendering, denials } = renderFor(cluster, node, settings)
  sayDenials(denials, output)
  const bgp = renderedBgp(loaded)
  for (const problem of bgp?.problems ?? []) output.say(`nodelb: ${problem}`)
  if (sources.format === 'json') output.out(renderingAsJson(rendering, settings, bgp?.fields))
  else {
    output.out(printRendering(rendering, settings))
    if (bgp !== undefined) output.out(bgpAsComments(bgp))
  }
  return unlessIncomplete(loaded.goal, 0)
}

/** Programs the node once and prints a summary. Returns the exit code. */
export async function applyCommand(sources: Sources, output: Output): Promise<number> {
  const start = performance.now()
  const loaded = reported(sources, output, ({ announce }) => announce.bgp.enabled)
  if (loaded.kind === 'failed') return TROUBLE
  return withDataplanes(output, async (dataplanes) => {
    const goal = await decided(dataplanes, loaded.goal, output)
    await sayMachine(goal, output)
    const outcome = await dataplanes.program(goal)
    if (outcome.kind === 'failed') {
      output.say(`nodelb: nothing was changed: ${outcome.reason}`)
      for (const detail of outcome.details.slice(0, MOST_DETAILS)) {
        output.say(`nodelb: the kernel says ${detail}`)
      }
      return TROUBLE
    }
    if (outcome.flavour !== undefined) output.say(`nodelb: iptables ${outcome.flavour}`)
    sayRecalled(goal, outcome, output)
    sayDenials(outcome.denials, output)
    const nameOf = namesOf(goal.cluster.services)
    for (const refusal of outcome.refusals) output.say(refusalLine(refusal, nameOf))
    // What is announced is served by then.
    const bgp = await appliedToFrr(loaded)
    for (const problem of bgp?.problems ?? []) output.say(`nodelb: ${problem}`)
    const ms = Math.round(performance.now() - start)
    output.out(summaryOf(outcome, { ms, nameOf, frr: bgp?.operations }, sources))
    if (loaded.conntrack?.tcpBeLiberal) await translateStrays(output)
    const gone = await removeOthers(dataplanes, output)
    const isWhole = gone && outcome.refusals.length === 0 && bgp?.isWhole !== false
    return unlessIncomplete(goal, isWhole ? 0 : TROUBLE)
  })
}

/** Sets the one conntrack setting without which connections may be reset. */
async function translateStrays(output: Output): Promise<void> {
  await loadConntrack()
  for (const outcome of prepareNode(onlyLiberal)) {
    if (outcome.kind === 'not-set') output.say(`nodelb: ${printSysctl(outcome)}`)
  }
}

/** Removes what another backend left; returns false if some of it remains. */
async function removeOthers(dataplanes: Dataplanes, output: Output): Promise<boolean> {
  const outcome = await dataplanes.remove()
  const removed = outcome.removed.join(', ')
  if (removed !== '') output.say(`nodelb: of another backend removed: ${removed}`)
  if (outcome.kind === 'remains') {
    output.say(`nodelb: what another backend left is not removed: ${outcome.reason}`)
  }
  return outcome.kind === 'removed'
}

const MOST_DETAILS = 20

/** Returns the goal with a backend chosen; the fallback to iptables is printed with its reason. */
export async function decided(dataplanes: Dataplanes, wanted: Goal, output: Output): Promise<Goal> {
  const { goal, choice } = await dataplanes.decide(wanted)
  if (choice?.backend === 'iptables') output.say(`nodelb: backend iptables: ${choice.reason}`)
  return goal
}

/**
 * Returns the exit code. Input that could not be read may have changed everything, so it is no
 * success.
 */
export function unlessIncomplete({ incomplete }: Goal, code: number): number {
  return incomplete ? TROUBLE : code
}

/** Loads objects and configuration, and prints the problems. */
export function reported(sources: Sources, output: Output, announces?: AsksForAnnouncing): Loaded {
  const loaded = load(sources, announces)
  for (const problem of loaded.problems) output.say(printProblem(problem))
  return loaded
}

/** Prints what the machine does to the packets, which does not stop the command. */
export async function sayMachine(goal: Goal, output: Output): Promise<void> {
  const findings = await checkMachine(demandOf(goal, goal.cluster))
  for (const finding of findings ?? []) output.say(`nodelb: ${printFinding(finding)}`)
}

/** Prints what the node's object leaves out and comes from the kernel. */
export function sayRecalled(
  goal: Goal,
  { situation }: Pick<Proposed, 'situation'>,
  output: Output,
): void {
  for (const line of recalled(goal, situation)) output.say(line)
}

/** Prints which addresses Services do not get, and why. */
export function sayDenials(denials: readonly Denial[], output: Output): void {
  for (const line of denialLines(denials)) output.say(line)
}

/** Returns the line about a Service that the kernel refuses. */
export function refusalLine({ service, reason }: Refusal, nameOf: NameOf): string {
  return `Service ${nameOf(service)}: left as it was: the kernel says ${reason}`
}
