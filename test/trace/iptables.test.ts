import { describe, expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import type { IptablesRuleset, IptablesTable } from '../../src/ruleset/iptables/types.ts'
import { listsOn } from '../../src/trace/iptables/lists.ts'
import { read } from '../../src/trace/iptables/outcome.ts'
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

  test('one in so many may be negated, and one in one is everybody', () => {
    const odds = (draw: string) =>
      send({ 'nat PREROUTING': [`-m statistic --mode random ${draw} ${TO_A}`] }).paths.map(
        ({ odds, state }) => [state.destination, odds],
      )
    expect(odds('! --probability 0.25000000000')).toEqual([
      ['10.244.1.2', 0.75],
      ['203.0.113.20', 0.25],
    ])
    expect(odds('--probability 1.00000000000')).toEqual([['10.244.1.2', 1]])
  })

  test('no address is in a range of the other family', () => {
    const found = send({ 'nat PREROUTING': ['-s ::/1 -j DROP', `-s 128.0.0.0/1 ${TO_A}`] })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
  })

  test('a rule without a target only does what its matches do', () => {
    const found = send({ 'nat PREROUTING': [`-m recent --set ${LIST}`, TO_A] })
    expect(endsOf(found)).toEqual([['passed', '10.244.1.2']])
    expect([...(found.paths[0]?.state.clients.keys() ?? [])]).toEqual(['POD'])
  })

  test('the lists that a packet is looked for in are those of the chains on its ways', () => {
    const chains = {
      'nat PREROUTING': ['-j NODELB-X', '-p udp -j NODELB-Y'],
      'nat NODELB-X': [
        `-m recent --update --seconds 60 --reap ${LIST} ${TO_A}`,
        `-m comment --comment x -m recent --set ${LIST} ${TO_B}`,
      ],
      'nat NODELB-Y': [
        `-m recent --update --seconds 90 --reap ${LIST.replace('POD', 'B')} ${TO_A}`,
      ],
    }
    expect(listsOn(send(chains), ruleset(chains))).toEqual(new Map([['POD', 60]]))
  })

  test('ICMP has no ports, and no protocol of ours', () => {
    const found = send(
      { 'nat PREROUTING': [`-p tcp -m tcp --dport 80 ${TO_A}`] },
      { protocol: 'icmp' },
    )
    expect(stepsOf(found)).toEqual([[]])
  })
})

describe('what rules of others do is told without a reason that nodelb has', () => {
  const outcomes = (chains: Readonly<Record<string, readonly string[]>>) => {
    const found = send(chains)
    return found.paths.map((path) => read(found, path, ruleset(chains)).outcome)
  }
  const delivered = { kind: 'delivered', address: '10.244.1.2', port: 8080 }
  const MASQUERADE = { 'nat POSTROUTING': ['-j MASQUERADE'] }
  const led = (...rules: readonly string[]) => ({ 'nat PREROUTING': [...rules, TO_A] })

  test.each<[string, Readonly<Record<string, readonly string[]>>, object]>([
    ['drop', { 'filter FORWARD': ['-j DROP'] }, { kind: 'dropped', why: 'not-known' }],
    [
      'refuse',
      { 'filter FORWARD': ['-j REJECT --reject-with tcp-reset'] },
      { kind: 'refused', with: 'tcp-reset', why: 'not-known' },
    ],
    [
      'masquerade',
      { ...led(), ...MASQUERADE },
      { ...delivered, source: { kind: 'node', address: '10.244.1.1', why: 'not-known' } },
    ],
    [
      'mark and masquerade',
      { ...led(MARK), ...MASQUERADE },
      { ...delivered, source: { kind: 'node', address: '10.244.1.1', why: 'not-known' } },
    ],
    [
      'mark',
      led(MARK),
      {
        ...delivered,
        source: { kind: 'client', address: '198.51.100.7', why: 'endpoint-on-this-node' },
      },
    ],
    [
      'translate',
      led(),
      { ...delivered, source: { kind: 'client', address: '198.51.100.7', why: 'not-asked' } },
    ],
  ])('%s', (_, chains, outcome) => {
    expect(outcomes(chains)).toEqual([outcome])
  })

  test('what an address offers is read of the rules that have a label of nodelb', () => {
    const chains = {
      'nat NODELB-VIPS': [
        '-d 203.0.113.20/32 -p tcp -m tcp --dport 81 -m comment --comment "shop/web:81 load-balancer" -g NODELB-S-1',
        '-d 203.0.113.20/32 -p tcp -m tcp --dport 82 -m comment --comment "by hand" -g NODELB-S-2',
        '-d 203.0.113.20/32 -p icmp -m comment --comment "shop/web:83 load-balancer" -g NODELB-S-3',
      ],
    }
    const found = send(chains)
    const [path] = found.paths
    expect(path && read(found, path, ruleset(chains)).besides).toEqual([
      'tcp 81: shop/web:81 load-balancer',
    ])
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

  test('the address that masquerade takes, where no route says it: the source stays', () => {
    const elsewhere = { ...facts, routes: [] }
    const origin = originOf('198.51.100.7' as Address, elsewhere)
    const sent = { from: '198.51.100.7', to: '203.0.113.20', protocol: 'tcp', port: 80, origin }
    const rules = ruleset({ 'nat POSTROUTING': ['-j MASQUERADE'] })
    expect(trace(rules, sent as Packet, elsewhere).paths.map(({ state }) => state)).toMatchObject([
      { source: '198.51.100.7', masqueraded: { as: undefined } },
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
