import { networkInterfaces } from 'node:os'
import { SYSCTL_FILE } from '../agent/dataplanes.ts'
import { loadConntrack } from '../apply/conntrack/load.ts'
import { loadIpvs } from '../apply/ipvs/load.ts'
import { openIpvsSockets } from '../apply/ipvs/sockets.ts'
import { wantedOnNode } from '../apply/sysctl/ipvs-node.ts'
import { prepareNode, printSysctl, type SysctlOutcome } from '../apply/sysctl/prepare-node.ts'
import { setSaved } from '../apply/sysctl/saved.ts'
import type { IpFamily } from '../model/address.ts'
import { printProblem } from '../watch/problem.ts'
import { TROUBLE } from './arguments.ts'
import type { Output } from './commands.ts'
import type { Config } from './config.ts'
import { loadConfig } from './load.ts'
import { conntrackOf } from './settings.ts'

/**
 * `nodelb prepare`: what needs the rights of an init container; see docs/operations.md. What cannot
 * be set is said, here and by the agent, and is no reason to keep the agent from starting.
 */
export async function prepareCommand(file: string | undefined, output: Output): Promise<number> {
  const { config, problems } = loadConfig(file)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  await loadConntrack()
  const conntrack = conntrackOf(config, config)
  const outcomes = [
    ...(conntrack === undefined ? [] : prepareNode(conntrack)),
    ...(await prepareIpvs(config)),
  ]
  for (const outcome of outcomes) output.out(`${printSysctl(outcome)}\n`)
  return 0
}

async function prepareIpvs({ backend, proxyIpvs }: Config): Promise<readonly SysctlOutcome[]> {
  if (backend !== 'ipvs') return []
  const sockets = openIpvsSockets()
  await loadIpvs(sockets.generic).finally(() => sockets.close())
  const wanted = wantedOnNode({ families: families(), strictArp: proxyIpvs.strictArp })
  return setSaved(wanted, { file: SYSCTL_FILE })
}

/** Those of the Services are not known yet: the families in which the node can be reached. */
function families(): readonly IpFamily[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outside = all.filter(({ internal, scopeid }) => !internal && !scopeid)
  return [...new Set(outside.map(({ family }) => (family === 'IPv4' ? 'ipv4' : 'ipv6')))]
}
