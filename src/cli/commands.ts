import { cleanup, program, propose, type Refusal } from '../agent/program.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { textOf } from '../plan/explain.ts'
import { renderCluster } from '../render/render.ts'
import type { Renderer } from '../render/renderer.ts'
import { printProblem } from '../watch/problem.ts'
import { type Difference, difference } from './against.ts'
import { type Sources, TROUBLE } from './arguments.ts'
import type { Backend } from './config.ts'
import { type Loaded, load, loadOther } from './load.ts'
import { count, planAsJson, printPlan } from './print-plan.ts'
import { printRendering, renderingAsJson } from './print-rendering.ts'

/** Where a command writes; the exit code is its result. */
export interface Output {
  out(text: string): void
  /** One line for people, on standard error. */
  say(line: string): void
  readonly colour: boolean
}

const DIFFERENCES = 1

export async function renderCommand(sources: Sources, output: Output): Promise<number> {
  const loaded = reported(sources, output, ['nftables', 'ipvs'])
  if (loaded.kind === 'failed') return TROUBLE
  const { cluster, node, settings } = loaded.goal
  const renderer = renderCluster(cluster, node, settings)
  sayConflicts(renderer, output)
  const json = sources.format === 'json'
  output.out(json ? renderingAsJson(renderer, settings) : printRendering(renderer, settings))
  return 0
}

/** Against the kernel, or against other objects where there are `against`. */
export async function diffCommand(
  sources: Sources,
  output: Output,
  against: readonly string[] = [],
): Promise<number> {
  const loaded = reported(sources, output)
  if (loaded.kind === 'failed') return TROUBLE
  if (against.length === 0) {
    return withKernel(output, async (socket) =>
      showDifference(await propose(socket, loaded.goal), sources, output),
    )
  }
  const old = loadOther(sources, against, loaded.goal)
  for (const problem of old.problems) output.say(printProblem(problem))
  if (old.kind === 'failed') return TROUBLE
  return showDifference(difference(old.goal, loaded.goal), sources, output)
}

function showDifference(
  { plan, ownerOf, renderer }: Difference,
  { format }: Sources,
  output: Output,
): number {
  sayConflicts(renderer, output)
  output.out(
    format === 'json' ? planAsJson(plan, ownerOf) : printPlan(plan, ownerOf, output.colour),
  )
  return plan.length === 0 ? 0 : DIFFERENCES
}

export async function applyCommand(sources: Sources, output: Output): Promise<number> {
  const start = performance.now()
  const loaded = reported(sources, output)
  if (loaded.kind === 'failed') return TROUBLE
  return withKernel(output, async (socket) => {
    const outcome = await program(socket, loaded.goal)
    if (outcome.kind === 'failed') {
      output.say(`nodelb: nothing was changed: ${outcome.reason}`)
      for (const { operation, errno } of outcome.failures.slice(0, MOST_FAILURES)) {
        output.say(`nodelb: the kernel says ${errno} to ${textOf(operation)}`)
      }
      return TROUBLE
    }
    const { renderer } = outcome.proposal
    sayConflicts(renderer, output)
    for (const refusal of outcome.refusals) output.say(refusalLine(refusal))
    const ms = Math.round(performance.now() - start)
    const summary = {
      operations: outcome.operations,
      services: renderer.services(),
      bytes: outcome.bytes,
      rejected: outcome.refusals.map(({ service }) => service),
      ms,
    }
    output.out(
      sources.format === 'json'
        ? `${JSON.stringify(summary)}\n`
        : `applied: ${count(outcome.operations, 'operation')}, ${count(summary.services, 'service')}, ${ms} ms\n`,
    )
    return outcome.refusals.length === 0 ? 0 : TROUBLE
  })
}

export async function cleanupCommand(output: Output): Promise<number> {
  return withKernel(output, async (socket) => {
    const tables = await cleanup(socket)
    output.out(`cleaned up: ${count(tables, 'table')} removed\n`)
    return 0
  })
}

const MOST_FAILURES = 20

/** Loads, and says what is wrong. */
export function reported(sources: Sources, output: Output, backends?: readonly Backend[]): Loaded {
  const loaded = load(sources, backends)
  for (const problem of loaded.problems) output.say(printProblem(problem))
  return loaded
}

function sayConflicts(renderer: Renderer, output: Output): void {
  for (const { key, winner, loser } of renderer.conflicts()) {
    output.say(
      `Service ${loser}: ${key} belongs to Service ${winner}, which is older or comes first by name; ` +
        'it is served here when that one goes',
    )
  }
}

function refusalLine({ service, failure }: Refusal): string {
  return (
    `Service ${service}: left as it was: the kernel says ${failure.errno} to ` +
    textOf(failure.operation)
  )
}

/** Opens a socket for one task; what the kernel forbids is said in a line. */
export async function withKernel(
  output: Output,
  task: (socket: NetlinkSocket) => Promise<number>,
): Promise<number> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    return await task(socket)
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    output.say(
      error.code === 'EPERM'
        ? 'nodelb: not allowed to read or change the rule set: the capability CAP_NET_ADMIN is missing'
        : `nodelb: ${error.message}`,
    )
    return TROUBLE
  } finally {
    socket?.close()
  }
}
