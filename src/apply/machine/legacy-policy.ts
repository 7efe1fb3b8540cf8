import { familyOfTable } from '../../model/family.ts'
import type { DroppingChain } from '../../plan/preflight.ts'
import { runProgram } from '../iptables/process.ts'
import { COMMAND, findPrograms } from '../iptables/programs.ts'
import { FAMILIES } from '../iptables/read.ts'
import { readText } from '../sysctl/files.ts'
import { acceptsPods } from './policies.ts'

/**
 * Returns the dropping chains FORWARD of the legacy tables. It asks only for tables that exist,
 * because asking for a missing one would create it.
 */
export async function droppingLegacy(root: string): Promise<readonly DroppingChain[]> {
  const found: DroppingChain[] = []
  for (const family of FAMILIES) {
    const name = family === 'ip' ? 'ip_tables_names' : 'ip6_tables_names'
    if (!readText(`${root}/proc/net/${name}`).split('\n').includes('filter')) continue
    const available = (await findPrograms('legacy')).families[family]
    if (available.kind === 'missing') continue
    const chains = await chainsOf(available.programs.save)
    if (chains.get('FORWARD') !== 'DROP' || [...chains.keys()].some(acceptsPods)) continue
    found.push({
      families: [familyOfTable(family)],
      place: `table filter of ${COMMAND[family]}-legacy, chain FORWARD`,
      remedy: `${COMMAND[family]}-legacy -P FORWARD ACCEPT`,
    })
  }
  return found
}

/** Returns the chains of table filter with their policies; `-` where a chain has none. */
async function chainsOf(save: string): Promise<ReadonlyMap<string, string>> {
  const chains = new Map<string, string>()
  const onLine = (line: string): void => {
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (name !== undefined && policy !== undefined) chains.set(name, policy)
  }
  await runProgram({ file: save, args: ['-t', 'filter'], onLine, timeLimit: TIME_LIMIT })
  return chains
}

/** Milliseconds that iptables-legacy-save may take. */
const TIME_LIMIT = 5_000
