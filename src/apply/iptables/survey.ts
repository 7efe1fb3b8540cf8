import { OWN_CHAIN } from '../../ruleset/iptables/chains.ts'
import { runProgram } from './process.ts'
import type { FamilyPrograms, Flavour, FlavourPrograms } from './programs.ts'
import { FAMILIES } from './read.ts'

/** What one flavour holds, for the choice between flavours. */
export interface Survey {
  readonly flavour: Flavour
  /** Whether its IPv4 programs are installed, without which it cannot be used. */
  readonly installed: boolean
  /** A chain by which the kubelet marks the flavour that the host uses. */
  readonly hint: string | undefined
  /** The number of other programs' rules. */
  readonly rules: number
  /** The number of nodelb's chains. */
  readonly own: number
}

/** The chains that the script iptables-wrappers of kubernetes-sigs looks for. */
const HINT = /^:(KUBE-IPTABLES-HINT|KUBE-KUBELET-CANARY) /

/** Counts what one flavour holds; a family that cannot be read counts as empty. */
export async function survey(programs: FlavourPrograms): Promise<Survey> {
  const counted = { hint: undefined as string | undefined, rules: 0, own: 0 }
  for (const family of FAMILIES) {
    const available = programs.families[family]
    if (available.kind === 'programs') await count(available.programs, counted)
  }
  const installed = programs.families.ip.kind === 'programs'
  return { flavour: programs.flavour, installed, ...counted }
}

async function count(
  { save }: FamilyPrograms,
  counted: { hint: string | undefined; rules: number; own: number },
): Promise<void> {
  const onLine = (line: string): void => {
    if (line.startsWith(`:${OWN_CHAIN}`)) counted.own += 1
    else if (line.startsWith('-A ') && !line.includes(OWN_CHAIN)) counted.rules += 1
    else counted.hint ??= HINT.exec(line)?.[1]
  }
  await runProgram({ file: save, args: [], onLine })
}
