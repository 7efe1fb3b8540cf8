import { printReason } from '../../allocate/print-reason.ts'
import type { Eligibility } from '../../announce/eligibility.ts'
import { eligible } from '../../announce/eligible.ts'
import { hashOrders } from '../../announce/order.ts'
import { printSilence } from '../../announce/silence.ts'
import type { Config } from '../../config/config.ts'
import { objectProblem } from '../../decode/object-problem.ts'
import { isGap, printProblem } from '../../decode/problem.ts'
import { keyProblem } from '../../model/announce-settings.ts'
import { type AnnouncingInput, readAnnouncing } from '../../watch/files/read-announcing.ts'
import { TROUBLE } from '../arguments.ts'
import { bgpObjectsOf, bgpSettingsOf } from '../bgp-objects.ts'
import type { AnnouncersOptions } from '../cluster-arguments.ts'
import { loadConfig, readStdin } from '../load.ts'
import type { Output } from '../output.ts'
import { permissionOf } from '../permission.ts'
import { bgpReportOf } from './bgp-report.ts'
import { reportAsJson } from './print-json.ts'
import { reportAsText } from './print-text.ts'
import { entriesOf, movesBetween } from './report.ts'
import { type AnnouncersReport, ofNode } from './view.ts'
import { withAllocation } from './with-allocation.ts'

/**
 * Prints which Node would announce each address, and why, if all Nodes were live. Returns 0 also
 * where nobody announces an address, and 2 if something cannot be read.
 */
export async function announcersCommand(
  options: AnnouncersOptions,
  output: Output,
): Promise<number> {
  const { config, problems } = loadConfig(options.config)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  const input = readAnnouncing(options.files, readStdin, config.allocation)
  const ofObjects = input.problems.filter(({ kind, name }) => kind && name !== undefined)
  for (const problem of input.problems) {
    if (!ofObjects.includes(problem)) output.say(printProblem(problem))
  }
  const known = input.objects.nodes.map(({ name }) => name)
  const unknown = unknownNode(options, known)
  if (unknown !== undefined) {
    output.say(unknown)
    return TROUBLE
  }
  const report = announcersReport(input, config, options)
  const all = { ...report, problems: [...ofObjects.map(objectProblem), ...report.problems] }
  const shown = options.node === undefined ? all : ofNode(all, options.node)
  output.out(options.format === 'json' ? reportAsJson(shown) : reportAsText(shown))
  // What could not be read at all may have changed everything.
  return input.problems.some(isGap) ? TROUBLE : 0
}

/** Returns what is wrong with the Nodes of the command line; undefined if nothing is. */
function unknownNode(
  { without, node }: AnnouncersOptions,
  known: readonly string[],
): string | undefined {
  const bad = without.find((name) => !known.includes(name))
  if (bad !== undefined) return wrong('--without', bad)
  return node === undefined || known.includes(node) ? undefined : wrong('--node', node)
}

function wrong(option: string, found: string): string {
  return `nodelb: ${option}: found "${found}", expected the name of a Node in the files`
}

/** Returns who would announce what, without some Nodes. */
export function announcersReport(
  { objects: read, bgp: configuration, allocation }: AnnouncingInput,
  config: Config,
  { without }: Pick<AnnouncersOptions, 'without'>,
): AnnouncersReport {
  const { objects, grants } = withAllocation(read, allocation, config.allocation)
  const permission = permissionOf(config, without)
  const nodes = objects.nodes.map(({ name }) => name).sort()
  const orders = hashOrders()
  const eligibility = eligible(objects, permission)
  const entries = entriesOf(eligibility, nodes, orders)
  const whole = eligible(objects, { ...permission, away: new Set() })
  const moves = without.length === 0 ? [] : movesBetween(entriesOf(whole, nodes, orders), entries)
  const key = keyProblem(config.announce.layer2, nodes.length)
  const present = objects.nodes.filter(({ name }) => !without.includes(name))
  const bgp = bgpReportOf(
    bgpObjectsOf(objects, configuration),
    present,
    bgpSettingsOf(config),
    grants,
  )
  // Without an L2Advertisement such objects ask for nothing on layer 2.
  const isByBgpAlone = bgp !== undefined && objects.advertisements.length === 0
  return {
    entries,
    given: new Set(grants.keys()),
    silences: isByBgpAlone ? [] : silencesOf(eligibility, grants),
    without,
    moves,
    nodes,
    bgp,
    problems: [
      ...(key === undefined ? [] : [{ object: 'NodelbConfiguration', message: key }]),
      ...eligibility.problems,
      ...(bgp?.problems ?? []),
    ],
  }
}

function silencesOf(
  { silences }: Eligibility,
  grants: ReturnType<typeof withAllocation>['grants'],
): AnnouncersReport['silences'] {
  return silences.map((silence) => {
    const grant = grants.get(silence.service)
    const waits = silence.reason.kind === 'no-address' && grant !== undefined
    return {
      ...silence,
      message: waits ? printReason(grant.reason) : printSilence(silence.reason),
    }
  })
}
