import { removeAnnouncing } from '../dataplane/announce/removal.ts'
import { printProblem } from '../decode/problem.ts'
import { TROUBLE } from './arguments.ts'
import { removedFromFrr } from './bgp.ts'
import { withDataplanes } from './kernel.ts'
import { loadConfig } from './load.ts'
import type { Output } from './output.ts'

/**
 * Removes everything that nodelb has programmed, in the kernel and in FRR; the configuration file says
 * where FRR is and whose. Returns the exit code.
 */
export async function cleanupCommand(file: string | undefined, output: Output): Promise<number> {
  const { config, problems } = loadConfig(file)
  for (const problem of problems) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  return withDataplanes(output, async (dataplanes) => {
    const outcome = await dataplanes.remove()
    const announcing = await removeAnnouncing()
    // One reason is enough, such as a right that is missing for both.
    if (announcing.kind === 'failed' && outcome.kind === 'removed') {
      output.say(`nodelb: what is announced is not removed: ${announcing.reason}`)
    }
    // An agent that runs here keeps its tables, and would configure FRR again.
    const isFree = outcome.kind === 'removed'
    const frr = isFree ? await removedFromFrr(config, (text) => output.out(text)) : undefined
    for (const problem of frr?.problems ?? []) output.say(`nodelb: ${problem}`)
    const removed = [...outcome.removed, ...(frr?.removed ?? [])]
    const all = isFree && announcing.kind !== 'failed' && frr?.isWhole !== false
    if (all || removed.length > 0) {
      output.out(`cleaned up: ${removed.join(', ') || 'nothing'} removed\n`)
    }
    if (outcome.kind === 'remains') output.say(`nodelb: not all is removed: ${outcome.reason}`)
    return all ? 0 : TROUBLE
  })
}
