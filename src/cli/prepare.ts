import { networkInterfaces } from 'node:os'
import { loadConntrack } from '../apply/conntrack/load.ts'
import { loadIpvs } from '../apply/ipvs/load.ts'
import { openIpvsSockets } from '../apply/ipvs/sockets.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { wantedOnNode } from '../apply/sysctl/ipvs-node.ts'
import {
  ensureSysctl,
  prepareNode,
  printSysctl,
  type SysctlOutcome,
} from '../apply/sysctl/prepare-node.ts'
import { setSaved } from '../apply/sysctl/saved.ts'
import type { Config } from '../config/config.ts'
import { ANY_NODE, conntrackOf, loopbackSysctlOf, toSettings } from '../config/settings.ts'
import { chooseBackend } from '../dataplane/backend-choice.ts'
import { SYSCTL_FILE } from '../dataplane/dataplanes.ts'
import { checkMachine } from '../dataplane/machine.ts'
import { printProblem } from '../decode/problem.ts'
import type { IpFamily } from '../model/address.ts'
import { demandOf } from '../plan/demand.ts'
import { type Finding, printFinding } from '../plan/preflight.ts'
import { TROUBLE } from './arguments.ts'
import { loadConfig } from './load.ts'
import type { Output } from './output.ts'

/**
 * Runs `nodelb prepare`, which does what needs the rights of an init container; see
 * docs/operations.md. Without these rights it fails, so that the init container does not count as
 * done; what the kernel lacks is only printed.
 */
export async function prepareCommand(file: string | undefined, output: Output): Promise<number> {
  const { config, problems } = loadConfig(file)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  await loadConntrack()
  const conntrack = conntrackOf(config, config)
  const loopback = loopbackSysctlOf(config)
  const outcomes = [
    ...(conntrack === undefined ? [] : prepareNode(conntrack)),
    ...(loopback === undefined ? [] : [ensureSysctl(loopback)]),
    ...(await prepareIpvs(config)),
  ]
  for (const outcome of outcomes) output.out(`${lineOf(outcome)}\n`)
  for (const finding of await findings(config)) output.out(`${printFinding(finding)}\n`)
  return outcomes.some(lacksRights) ? TROUBLE : 0
}

const NO_RIGHTS: readonly string[] = ['EACCES', 'EPERM', 'EROFS']

function lacksRights(outcome: SysctlOutcome): boolean {
  return outcome.kind === 'not-set' && NO_RIGHTS.includes(outcome.errno)
}

/**
 * Returns the line for an outcome; its usual remedy, to run "nodelb prepare", would be no help
 * here.
 */
function lineOf(outcome: SysctlOutcome): string {
  if (outcome.kind !== 'not-set' || !lacksRights(outcome)) return printSysctl(outcome)
  const { name, wanted } = outcome
  const remedy = `run this as root in a privileged container, or on the node: sysctl -w ${name}=${wanted}`
  return printSysctl({ ...outcome, remedy })
}

/** Returns the findings about the node alone, because no object is read here. */
async function findings(config: Config): Promise<readonly Finding[]> {
  const { settings } = toSettings(config, ANY_NODE)
  const demand = demandOf({ node: ANY_NODE, settings }, { services: [], slices: [] })
  const missing = await missingFor(config.backend)
  return (await checkMachine({ ...demand, families: families() }, missing)) ?? []
}

/**
 * Returns what the kernel lacks for nftables; another backend reports what it lacks when it
 * programs.
 */
async function missingFor(backend: Config['backend']): Promise<readonly string[]> {
  if (backend !== 'nftables') return []
  try {
    const { backend: able, reason } = await chooseBackend()
    return able === 'iptables' ? [`backend nftables cannot be used: ${reason}`] : []
  } catch (error) {
    if (error instanceof NetlinkError) return [] // There is no right to ask.
    throw error
  }
}

async function prepareIpvs({ backend, proxyIpvs }: Config): Promise<readonly SysctlOutcome[]> {
  if (backend !== 'ipvs') return []
  const sockets = openIpvsSockets()
  await loadIpvs(sockets.generic).finally(() => sockets.close())
  const wanted = wantedOnNode({ families: families(), strictArp: proxyIpvs.strictArp })
  return setSaved(wanted, { file: SYSCTL_FILE })
}

/**
 * Returns the families in which the node can be reached, because those of the Services are not
 * known yet.
 */
function families(): readonly IpFamily[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outside = all.filter(({ internal, scopeid }) => !internal && !scopeid)
  return [...new Set(outside.map(({ family }) => (family === 'IPv4' ? 'ipv4' : 'ipv6')))]
}
