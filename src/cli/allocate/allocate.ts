import { type AllocationObjects, decide } from '../../allocate/decide.ts'
import { printReason } from '../../allocate/print-reason.ts'
import { isGap, printProblem } from '../../decode/problem.ts'
import type { Address } from '../../model/address.ts'
import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { serviceName } from '../../model/service-name.ts'
import { readAllocationObjects } from '../../watch/files/read-allocation.ts'
import { TROUBLE } from '../arguments.ts'
import type { AllocateOptions } from '../cluster-arguments.ts'
import { loadConfig, readStdin } from '../load.ts'
import { type ObjectProblem, objectProblem } from '../object-problem.ts'
import type { Output } from '../output.ts'
import { carriedOver } from './carried-over.ts'
import { reportAsJson, reportAsText } from './print.ts'
import { type AllocationReport, type IgnoredService, reportOf, reportOn } from './report.ts'

/**
 * Prints which addresses the Services get or keep, and why. Returns 0 also where a Service waits,
 * and 2 if something cannot be read.
 */
export async function allocateCommand(options: AllocateOptions, output: Output): Promise<number> {
  const { config, problems } = loadConfig(options.config)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  const settings = config.allocation
  const now = readAllocationObjects(options.files, readStdin, settings)
  const old =
    options.against.length === 0
      ? undefined
      : readAllocationObjects(options.against, readStdin, settings)
  const read = [...now.problems, ...(old?.problems ?? [])]
  const ofObjects = read.filter(({ kind, name }) => kind !== undefined && name !== undefined)
  for (const problem of read) if (!ofObjects.includes(problem)) output.say(printProblem(problem))
  const objects = old === undefined ? now.objects : carriedOver(old.objects, now.objects, settings)
  const report = reportFor(objects, settings, ofObjects.map(objectProblem))
  const chosen = options.service === undefined ? report : reportOn(report, options.service)
  if (chosen === undefined) {
    output.say(
      `nodelb: --service: found "${options.service}", expected namespace/name of a Service`,
    )
    return TROUBLE
  }
  const against = old === undefined ? 'the statuses in the files' : options.against.join(' ')
  output.out(options.format === 'json' ? reportAsJson(chosen) : reportAsText(chosen, against))
  // What could not be read at all may have changed everything.
  return read.some(isGap) ? TROUBLE : 0
}

function reportFor(
  objects: AllocationObjects,
  settings: AllocationSettings,
  problems: readonly ObjectProblem[],
): AllocationReport {
  const decided = decide(objects, settings)
  const decision = { ...decided, problems: [...problems, ...decided.problems] }
  const held = new Map<string, readonly Address[]>()
  for (const facts of objects.services) {
    const service = facts.kind === 'claimant' ? facts.claimant : facts
    held.set(
      serviceName(service),
      service.held.map(({ address }) => address),
    )
  }
  const ignored = decision.others.flatMap(
    ({ namespace, name, reason, released }): IgnoredService[] => {
      const before = held.get(serviceName({ namespace, name })) ?? []
      // Of the Services that never were of type LoadBalancer there is nothing to tell.
      if (reason === 'type' && !released) return []
      const text = released ? RELEASED : OTHER_CLASS
      return [{ namespace, name, before, after: released ? [] : before, reason: text }]
    },
  )
  return reportOf(decision, ignored, held, printReason)
}

const RELEASED = 'The Service is no longer one to which nodelb gives addresses'
const OTHER_CLASS = 'The class of the Service is not among loadBalancerClasses'
