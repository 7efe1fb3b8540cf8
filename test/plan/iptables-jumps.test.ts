import { expect, test } from 'vitest'
import { compareIptables, planChanges } from '../../src/plan/iptables/plan.ts'
import { printStep } from '../../src/ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'

const REFUSE = '-m conntrack --ctstate NEW -m conntrack ! --ctstate DNAT -j NODELB-REFUSE'
const ACCEPT = '-j NODELB-FORWARD'

function forward(...jumps: readonly string[]): IptablesRuleset {
  const held = new Map(jumps.length === 0 ? [] : [['FORWARD', jumps]])
  return { ip: new Map([['filter', { chains: new Map(), jumps: held }]]) }
}

/** What is done to FORWARD. */
function steps(before: IptablesRuleset, after: IptablesRuleset, displaced = false): string[] {
  const place = { family: 'ip', table: 'filter', chain: 'FORWARD' } as const
  const changes = compareIptables(before, after, displaced ? [place] : [])
  const lines = planChanges(changes).flatMap((step) => [...printStep(step)])
  return lines.map((line) => line.trimEnd()).filter((line) => line.startsWith('-'))
}

test.each([
  ['are made in order', [], [REFUSE, ACCEPT], [`-I FORWARD ${ACCEPT}`, `-I FORWARD ${REFUSE}`]],
  ['stay', [REFUSE, ACCEPT], [REFUSE, ACCEPT], []],
  [
    'that accept stay where they are when one that refuses comes',
    [ACCEPT],
    [REFUSE, ACCEPT],
    [`-I FORWARD ${REFUSE}`],
  ],
  [
    'that refuse are first again when one that accepts comes',
    [REFUSE],
    [REFUSE, ACCEPT],
    [`-D FORWARD ${REFUSE}`, `-I FORWARD ${ACCEPT}`, `-I FORWARD ${REFUSE}`],
  ],
  [
    'are there once',
    [ACCEPT, REFUSE, ACCEPT],
    [REFUSE, ACCEPT],
    [`-D FORWARD ${REFUSE}`, `-D FORWARD ${ACCEPT}`, `-I FORWARD ${REFUSE}`],
  ],
  ['go', [REFUSE, ACCEPT], [], [`-D FORWARD ${REFUSE}`, `-D FORWARD ${ACCEPT}`]],
])('jumps %s', (_, before, after, done) => {
  expect(steps(forward(...before), forward(...after))).toEqual(done)
})

test('what has rules of others before it moves in front, unless it accepts', () => {
  const both = forward(REFUSE, ACCEPT)
  expect(steps(both, both, true)).toEqual([`-D FORWARD ${REFUSE}`, `-I FORWARD ${REFUSE}`])
})
