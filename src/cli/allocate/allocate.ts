import { type Decision, decide } from '../../allocate/decide.ts'
import { byName } from '../../allocate/order.ts'
import { poolHints } from '../../allocate/pool-hints.ts'
import { printReason } from '../../allocate/print-reason.ts'
import type { Address } from '../../model/address.ts'
import { namespaceOf, serviceName } from '../../model/service-name.ts'
import { remembered } from '../../watch/addresses/given.ts'
import { TROUBLE } from '../arguments.ts'
import type { AllocateOptions } from '../cluster-arguments.ts'
import type { Output } from '../output.ts'
import { reportAsJson, reportAsText } from './print.ts'
import { type AllocationInput, readInput } from './read.ts'
import {
  type AllocationReport,
  type GoneService,
  type IgnoredService,
  reportOf,
  reportOn,
} from './report.ts'

/**
 * Prints which addresses the Services get or keep, and why. Returns 0 also where a Service waits,
 * and 2 if something cannot be read.
 */
export async function allocateCommand(options: AllocateOptions, output: Output): Promise<number> {
  const input = readInput(options, output)
  if (input === undefined) return TROUBLE
  const report = reportFor(input)
  const chosen = options.service === undefined ? report : reportOn(report, options.service)
  if (chosen === undefined) {
    output.say(
      `nodelb: --service: found "${options.service}", expected namespace/name of a Service`,
    )
    return TROUBLE
  }
  output.out(options.format === 'json' ? reportAsJson(chosen) : reportAsText(chosen, base(options)))
  return input.hasGaps ? TROUBLE : 0
}

/** Returns with what the changes were found. */
function base({ against, state }: AllocateOptions): string {
  if (state !== undefined) return state
  return against.length === 0 ? 'the statuses in the files' : against.join(' ')
}

function reportFor(input: AllocationInput): AllocationReport {
  const { objects, settings, problems } = input
  const decided = decide(objects, settings)
  const found = {
    problems: [...problems, ...decided.problems],
    hints: decided.source === 'pools' ? poolHints(objects) : [],
    gone: goneServices(input, decided),
  }
  const held = new Map<string, readonly Address[]>()
  for (const facts of objects.services) {
    const service = facts.kind === 'claimant' ? facts.claimant : facts
    held.set(
      serviceName(service),
      service.held.map(({ address }) => address),
    )
  }
  const ignored = decided.others.flatMap(
    ({ namespace, name, reason, released }): IgnoredService[] => {
      const before = held.get(serviceName({ namespace, name })) ?? []
      // Of the Services that never were of type LoadBalancer there is nothing to say.
      if (reason === 'type' && !released) return []
      const text = released ? RELEASED : OTHER_CLASS
      return [{ namespace, name, before, after: released ? [] : before, reason: text }]
    },
  )
  return reportOf({ ...decided, ...found }, ignored, held, printReason)
}

/** Returns the Services that the agent remembers, and that are not in the files. */
function goneServices(
  { given, services }: AllocationInput,
  decision: Decision,
): readonly GoneService[] {
  const here = new Set([...services.keys(), ...decision.grants.map(serviceName)])
  return [...remembered(decision, services, given)]
    .filter(([service]) => !here.has(service))
    .map(([service, { addresses }]) => {
      const namespace = namespaceOf(service)
      const name = service.slice(namespace.length + 1)
      const pool = addresses.find((each) => each.pool !== undefined)?.pool
      return { namespace, name, pool, addresses: addresses.map(({ address }) => address) }
    })
    .sort(byName)
}

const RELEASED = 'The Service is no longer one to which nodelb gives addresses'
const OTHER_CLASS = 'The class of the Service is not among loadBalancerClasses'
