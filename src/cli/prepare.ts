import { loadConntrack } from '../apply/conntrack/load.ts'
import { prepareNode, printSysctl } from '../apply/sysctl/prepare-node.ts'
import { printProblem } from '../watch/problem.ts'
import { TROUBLE } from './arguments.ts'
import type { Output } from './commands.ts'
import { loadConfig } from './load.ts'

/**
 * `nodelb prepare`: what needs the rights of an init container; see docs/operations.md. What cannot
 * be set is said, here and by the agent, and is no reason to keep the agent from starting.
 */
export async function prepareCommand(file: string | undefined, output: Output): Promise<number> {
  const { config, problems } = loadConfig(file)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  await loadConntrack()
  for (const outcome of prepareNode(config.conntrack)) output.out(`${printSysctl(outcome)}\n`)
  return 0
}
