import type { Lab } from '../support/lab.ts'
import type { Damage } from './schedule.ts'

const COMMANDS: Readonly<Record<Damage, string>> = {
  'nft flush ruleset': 'nft flush ruleset',
  'nft delete table ip nodelb': 'nft delete table ip nodelb',
  'nft flush parts': [
    'nft flush set ip nodelb services',
    'nft flush map ip nodelb endpoints',
    'nft flush chain ip6 nodelb dispatch',
  ].join('; '),
  'iptables-nft -F': flush('iptables-nft', 'ip6tables-nft'),
  'iptables-legacy -F': flush('iptables-legacy', 'ip6tables-legacy'),
}

/** What other programs do to the rules; where there are none of that kind, or they are owned, nothing. */
export async function damage(lab: Lab, kind: Damage): Promise<void> {
  await lab.run('sh', ['-c', COMMANDS[kind]])
}

function flush(...programs: readonly string[]): string {
  const each = (program: string): string =>
    `${program} -t nat -F; ${program} -t filter -F; ${program} -t nat -X`
  return programs.map(each).join('; ')
}
