import { describe, expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import type { IptablesRuleset, IptablesTable } from '../../src/ruleset/iptables/types.ts'
import { type Path, type Trace, trace } from '../../src/trace/iptables/trace.ts'
import { type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'

/** What no fixture tells: how the kernel goes through tables and chains, whatever they are for. */

const facts: NodeFacts = {
  addresses: new Set(['192.0.2.1', '203.0.113.10']),
  routes: [
    { to: '10.244.0.0/16' as Cidr, interface: 'cni0', address: '10.244.1.1' as Address },
    { to: '0.0.0.0/0' as Cidr, interface: 'eth0', address: '192.0.2.1' as Address },
  ],
}

const LIST = '--name POD --mask 255.255.255.255 --rsource'
const TO_A = '-j DNAT --to-destination 10.244.1.2:8080'
const TO_B = '-j DNAT --to-destination 10.244.1.3:8080'

/** Rules by chain, as `nat PREROUTING` or `nat NODELB-X`. */
function ruleset(chains: Readonly<Record<string, readonly string[]>>): IptablesRuleset {
  const tables = (['mangle', 'nat', 'filter'] as const).map((table) => {
    const own = (isOwn: boolean) =>
      Object.entries(chains)
        .map(([name, rules]) => [name.split(' '), rules] as const)
        .filter(([[of, name = '']]) => of === table && name.startsWith('NODELB-') === isOwn)
        .map(([[, name = ''], rules]) => [name, rules] as const)
    return [table, { chains: new Map(own(true)), jumps: new Map(own(false)) }] as const
  })
  return { ip: new Map<IptablesTable, (typeof tables)[number][1]>(tables) }
}

function send(
  chains: Readonly<Record<string, readonly string[]>>,
  { from = '198.51.100.7', to = '203.0.113.20', protocol = 'tcp' as Packet['protocol'] } = {},
  clients = new Map(),
): Trace {
  const origin = originOf(from as Address, facts)
  const port = protocol === 'icmp' ? undefined : (80 as Port)
  const packet = { from: from as Address, to: to as Address, protocol, port, origin }
  return trace(ruleset(chains), packet, facts, clients)
}

/** `table chain` of what did something, way by way. */
function stepsOf({ paths }: Trace): readonly (readonly string[])[] {
  return paths.map(({ state }) => state.steps.map(({ table, chain }) => `${table} ${chain}`))
}

function endsOf({ paths }: Trace): readonly (readonly [Path['end'], string])[] {
  return paths.map(({ end, state }) => [end, state.destination])
}

const MARK = '-j MARK --set-xmark 0x4000/0x4000'
const EVERYWHERE = Object.fromEntries(
  ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].flatMap((chain) =>
    ['filter', 'nat', 'mangle'].map((table) => [`${table} ${chain}`, [MARK]]),
  ),
)

describe('tables', () => {
  test('what passes through meets them in the order of their priorities', () => {
    expect(stepsOf(send(EVERYWHERE))).toEqual([
      [
        ...['mangle PREROUTING', 'nat PREROUTING', 'mangle FORWARD', 'filter FORWARD'],
        ...['mangle POSTROUTING', 'nat POSTROUTING'],
      ],
    ])
  })

  test('what is for the node does not pass POSTROUTING', () => {
    expect(stepsOf(send(EVERYWHERE, { to: '192.0.2.1' }))).toEqual([
      ['mangle PREROUTING', 'nat PREROUTING', 'mangle INPUT', 'filter INPUT', 'nat INPUT'],
    ])
  })

  test('what the node sends to itself comes in again, and nat is not asked then', () => {
    expect(stepsOf(send(EVERYWHERE, { from: '192.0.2.1', to: '203.0.113.10' }))).toEqual([
      [
        ...[
          'mangle OUTPUT',
          'nat OUTPUT',
          'filter OUTPUT',
          'mangle POSTROUTING',
          'nat POSTROUTING',
        ],
        ...['mangle PREROUTING', 'mangle INPUT', 'filter INPUT'],
      ],
    ])
  })

  test('what was dropped or rejected goes nowhere any more', () => {
    const dropped = send({ ...EVERYWHERE, 'mangle PREROUTING': ['-j DROP'] })
    expect(stepsOf(dropped)).toEqual([['mangle PREROUTING']])
    const rejected = send({
      'nat PREROUTING': [TO_A],
      'filter FORWARD': ['-j REJECT --reject-with icmp-port-unreachable'],
      'nat POSTROUTING': [MARK],
    })
    expect(endsOf(rejected)).toEqual([[{ rejectedWith: 'port-unreachable' }, '10.244.1.2']])
  })

  test('a connection is translated once, and the rules behind it are not asked', () => {
    const found = send({
      'nat PREROUTING': [TO_A, TO_B],
      'nat POSTROUTING': ['-j MASQUERADE', MARK],
    })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
    expect(found.paths[0]?.state).toMatchObject({ mark: 0, source: '10.244.1.1' })
  })
})

describe('chains', () => {
  const chains = {
    'nat NODELB-INNER': ['-p udp -j DROP', MARK],
    'nat NODELB-LAST': [TO_A],
  }

  test('from a jump a packet comes back to the next rule', () => {
    const outer = { ...chains, 'nat NODELB-OUTER': ['-j NODELB-INNER', TO_B] }
    const found = send({ ...outer, 'nat PREROUTING': ['-j NODELB-OUTER', '-j NODELB-LAST'] })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.3']])
  })

  test('from a goto it comes back to where the chain was called from', () => {
    const outer = { ...chains, 'nat NODELB-OUTER': ['-g NODELB-INNER', TO_B] }
    const found = send({ ...outer, 'nat PREROUTING': ['-j NODELB-OUTER', '-j NODELB-LAST'] })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
    expect(found.paths[0]?.state.mark).toBe(0x4000)
  })

  test('RETURN after a goto goes there too', () => {
    const found = send({
      'nat PREROUTING': ['-j NODELB-OUTER', TO_A],
      'nat NODELB-OUTER': ['-g NODELB-INNER', TO_B],
      'nat NODELB-INNER': ['-j RETURN', TO_B],
    })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
  })

  test('a chain that nothing came of is no step', () => {
    const found = send({
      'nat PREROUTING': ['-j NODELB-OUTER', TO_A],
      'nat NODELB-OUTER': ['-j NODELB-INNER'],
      'nat NODELB-INNER': ['-p udp -j DROP'],
    })
    expect(stepsOf(found)).toEqual([['nat PREROUTING']])
  })
})

describe('matches', () => {
  test('the odds of a way are those of all that was drawn', () => {
    const found = send({
      'nat PREROUTING': [
        `-m statistic --mode random --probability 0.33333333349 ${TO_A}`,
        `-m statistic --mode random --probability 0.50000000000 ${TO_B}`,
        TO_A,
      ],
    })
    const odds = found.paths.map(({ odds }) => odds.toFixed(6))
    expect(odds).toEqual(['0.333333', '0.333333', '0.333333'])
  })

  test('a list remembers who was put on it, by source', () => {
    const chains = {
      'nat PREROUTING': [
        `-m recent --update --seconds 60 --reap ${LIST} ${TO_A}`,
        `-m statistic --mode random --probability 0.50000000000 -m recent --set ${LIST} ${TO_A}`,
        TO_B,
      ],
    }
    const [first, second] = send(chains).paths
    expect(first?.state.destination).toBe('10.244.1.2')
    expect(endsOf(send(chains, {}, new Map(first?.state.clients)))).toEqual([
      ['passed', '10.244.1.2'],
    ])
    expect(second?.state.clients.size).toBe(0)
    expect(
      send(chains, { from: '198.51.100.8' }, new Map(first?.state.clients)).paths,
    ).toHaveLength(2)
  })

  test('what a match did stays done where a later one fails', () => {
    const found = send({ 'nat PREROUTING': [`-m recent --set ${LIST} -p udp -j DROP`] })
    expect([...(found.paths[0]?.state.clients.get('POD') ?? [])]).toEqual(['198.51.100.7'])
  })

  test('DNAT is about an address that changed: none, where a pod reaches itself at the same', () => {
    const asked = '-m conntrack --ctstate DNAT -j MASQUERADE'
    const same = '-j DNAT --to-destination 203.0.113.20:80'
    const seen = (rule: string) =>
      send({ 'nat PREROUTING': [rule], 'nat POSTROUTING': [asked] }).paths[0]?.state.source
    expect(seen(same)).toBe('198.51.100.7')
    expect(seen(TO_A)).toBe('10.244.1.1')
  })

  test('ICMP has no ports, and no protocol of ours', () => {
    const found = send(
      { 'nat PREROUTING': [`-p tcp -m tcp --dport 80 ${TO_A}`] },
      { protocol: 'icmp' },
    )
    expect(stepsOf(found)).toEqual([[]])
  })
})

describe('what is not known', () => {
  test('a rule that asks what nodelb never asks is passed by, and told if it was met', () => {
    const chains = {
      'nat PREROUTING': ['-j NODELB-X', TO_A],
      'nat NODELB-X': ['-p tcp -m time --timestart 08:00 -j DROP'],
    }
    const found = send(chains)
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
    expect(found.doubts).toEqual(['what is asked in chain NODELB-X by: -m time --timestart 08:00'])
    expect(send(chains, { protocol: 'udp' }).doubts).toEqual([])
  })

  test('so is what it does, and where it leads', () => {
    const found = send({
      'filter FORWARD': ['-j LOG --log-prefix x', '-j KUBE-FORWARD', '-p udp -j OTHER'],
    })
    expect(found.doubts).toEqual([
      'what this rule in chain FORWARD does: -j LOG --log-prefix x',
      'what KUBE-FORWARD does, to which chain FORWARD leads',
    ])
  })

  test('the interface, where the packet does not say which', () => {
    const elsewhere = { ...facts, routes: [] }
    const origin = originOf('198.51.100.7' as Address, elsewhere)
    const sent = { from: '198.51.100.7', to: '203.0.113.20', protocol: 'tcp', port: 80, origin }
    const rules = ruleset({ 'nat PREROUTING': ['-i cni+ -j DROP'] })
    expect(trace(rules, sent as Packet, elsewhere).doubts).toEqual([
      'by which interface 198.51.100.7 comes in',
    ])
  })
})
