import type { Goal, Proposed } from '../dataplane/dataplane.ts'
import { difference } from '../dataplane/difference.ts'
import type { Failed } from '../dataplane/outcome.ts'
import { printProblem } from '../decode/problem.ts'
import type { HeldChange } from '../frontend/held-frontend.ts'
import { namesOf } from '../frontend/labels.ts'
import { serviceDifference } from '../view/service-difference.ts'
import {
  type AnnouncingDifference,
  announcingAsJson,
  announcingDifference,
  printAnnouncing,
} from './announcing.ts'
import { type DiffOptions, type Sources, TROUBLE } from './arguments.ts'
import {
  type BgpDifference,
  bgpDifference,
  bgpDifferenceAsJson,
  printBgpDifference,
} from './bgp.ts'
import {
  decided,
  refusalLine,
  reported,
  sayDenials,
  sayMachine,
  sayRecalled,
  unlessIncomplete,
} from './commands.ts'
import { differenceAsMarkdown } from './difference-markdown.ts'
import { withDataplanes } from './kernel.ts'
import { loadOther } from './load.ts'
import type { Output } from './output.ts'
import { printDifference } from './print-difference.ts'
import { planAsJson } from './print-plan.ts'

const DIFFERENCES = 1

/**
 * Compares with the kernel, or with other objects if `against` has any. Returns 0 without
 * differences, 1 with differences, 2 for trouble.
 */
export async function diffCommand(
  sources: Sources,
  output: Output,
  options: DiffOptions = {},
): Promise<number> {
  const { against = [] } = options
  const ofKernel = against.length === 0
  const loaded = reported(
    sources,
    output,
    ({ announce: { layer2, bgp } }) => ofKernel && (layer2.enabled || bgp.enabled),
  )
  if (loaded.kind === 'failed') return TROUBLE
  const show = (goal: Goal, found: Difference): number =>
    unlessIncomplete(goal, showDifference(goal, found, { ...sources, ...options }, output))
  if (ofKernel) {
    return withDataplanes(output, async (dataplanes) => {
      const goal = await decided(dataplanes, loaded.goal, output)
      await sayMachine(goal, output)
      const proposed = await dataplanes.of(goal.settings).propose(goal)
      const announcing = await announcingDifference(loaded)
      return show(goal, { proposed, announcing, bgp: await bgpDifference(loaded) })
    })
  }
  const old = loadOther(sources, against, loaded.goal)
  for (const problem of old.problems) output.say(printProblem(problem))
  if (old.kind === 'failed') return TROUBLE
  const proposed = difference(old.goal, loaded.goal)
  return show(loaded.goal, { proposed, announcing: undefined, bgp: undefined })
}

interface Difference {
  readonly proposed: Proposed | Failed
  /** Undefined if nothing is announced, and against other objects. */
  readonly announcing: AnnouncingDifference | undefined
  readonly bgp: BgpDifference | undefined
}

type Look = Pick<Sources, 'format'> & DiffOptions

function showDifference(
  goal: Goal,
  { proposed, announcing, bgp }: Difference,
  look: Look,
  output: Output,
): number {
  if (proposed.kind === 'failed') {
    output.say(`nodelb: ${proposed.reason}`)
    return TROUBLE
  }
  sayRecalled(goal, proposed, output)
  sayDenials(proposed.denials, output)
  const nameOf = namesOf(goal.cluster.services)
  for (const refusal of proposed.refusals ?? []) output.say(refusalLine(refusal, nameOf))
  if (announcing?.problem !== undefined) output.say(`nodelb: ${announcing.problem}`)
  for (const problem of bgp?.problems ?? []) output.say(`nodelb: ${problem}`)
  output.out(printed(goal, { proposed, announcing, bgp }, look, output))
  return proposed.count === 0 && (bgp?.operations ?? 0) === 0 ? 0 : DIFFERENCES
}

/** Where nothing is to be done, before and after are the same, and reading them back takes long. */
const UNCHANGED: HeldChange = { before: [], after: [] }

function printed(
  { cluster, settings }: Goal,
  { proposed: found, announcing, bgp }: Difference & { readonly proposed: Proposed },
  { format, markdown = false, full = false }: Look,
  { colour, columns }: Output,
): string {
  const nameOf = namesOf(cluster.services)
  // They can be gone through only once.
  const proposed = { ...found, operations: [...found.operations] }
  const view = serviceDifference({
    frontends: proposed.operations.length === 0 ? UNCHANGED : proposed.frontends(),
    operations: proposed.operations,
    nameOf,
    isOneTransaction: settings.backend.kind === 'nftables',
  })
  if (format === 'json') {
    const announce = announcingAsJson(announcing)
    const { services } = view
    return planAsJson(proposed, nameOf, {
      ...{ services, announce, bgp: bgp && bgpDifferenceAsJson(bgp) },
    })
  }
  const isColoured = colour && !markdown
  const more = [
    announcing === undefined ? '' : printAnnouncing(announcing, isColoured),
    bgp === undefined ? '' : printBgpDifference(bgp),
  ].join('')
  if (markdown) return differenceAsMarkdown(view, more)
  return printDifference(view, { colour, columns, full }) + more
}
