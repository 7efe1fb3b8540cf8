import type { RuleText } from '../../ruleset/iptables/types.ts'
import { type Obstacle, obstacleOf } from './failure.ts'
import { runProgram } from './process.ts'

/**
 * Hands over each rule of the table nat with the number of packets that it has met: one for each
 * new connection, as no other packets come to that table. Returns what is in the way; undefined if
 * all were read. Never rejects. Where the legacy flavour has no table nat, this makes one.
 */
export async function readNatCounters(
  save: string,
  visit: (rule: RuleText, packets: number) => void,
): Promise<Obstacle | undefined> {
  const ended = await runProgram({
    file: save,
    args: ['-c', '-t', 'nat'],
    onLine: (line) => takeLine(line, visit),
  })
  return ended.kind === 'exited' && ended.code === 0 ? undefined : obstacleOf(ended)
}

/** Reads `[12:720] -A CHAIN RULE`: the rule has met 12 packets, which are 720 bytes. */
function takeLine(line: string, visit: (rule: RuleText, packets: number) => void): void {
  const [, packets, rule] = /^\[(\d+):\d+\] -A \S+ (.*)$/.exec(line) ?? []
  if (packets !== undefined && rule !== undefined) visit(rule, Number(packets))
}
