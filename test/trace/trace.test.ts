import { describe, expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import { setSchema } from '../../src/ruleset/nftables/set-schema.ts'
import type { BaseHook, Field, Rule, Statement } from '../../src/ruleset/nftables/types.ts'
import { find } from '../../src/trace/nftables/lookup.ts'
import { read } from '../../src/trace/nftables/outcome.ts'
import type { WalkedChain, WalkedRuleset } from '../../src/trace/nftables/state.ts'
import { trace } from '../../src/trace/nftables/trace.ts'
import { type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'

/**
 * What no fixture tells: how the kernel goes through hooks and statements, whatever they are for.
 */

const facts: NodeFacts = {
  addresses: new Set(['192.0.2.1', '203.0.113.10']),
  routes: [
    { to: '10.244.0.0/16' as Cidr, interface: 'cni0', address: '10.244.1.1' as Address },
    { to: '0.0.0.0/0' as Cidr, interface: 'eth0', address: '192.0.2.1' as Address },
  ],
}

function packet(from: string, to = '203.0.113.10', protocol: Packet['protocol'] = 'tcp'): Packet {
  const origin = originOf(from as Address, facts)
  const port = protocol === 'icmp' ? undefined : (80 as Port)
  return { from: from as Address, to: to as Address, protocol, port, origin }
}

const key: readonly Field[] = [{ kind: 'daddr' }, { kind: 'l4proto' }, { kind: 'dport' }]
const vip = '203.0.113.10 . tcp . 80'

function rule(...statements: Statement[]): Rule {
  return { statements }
}

function dnat(modulus: number): Rule {
  return rule({ kind: 'dnat', key: [...key, { kind: 'random', modulus }], map: 'endpoints' })
}

function base(
  name: string,
  type: BaseHook['type'],
  hook: BaseHook['hook'],
  priority: number,
  ...rules: WalkedChain['rules']
): WalkedChain {
  return { name, base: { type, hook, priority }, rules }
}

interface Wanted {
  readonly chains: readonly WalkedChain[]
  readonly slots?: Readonly<Record<number, string>>
}

function ruleset({ chains, slots = {} }: Wanted): WalkedRuleset {
  const endpoints = Object.entries(slots).map(
    ([slot, data]) => [tuple(vip, slot), { data: data as Tuple }] as const,
  )
  return {
    ip: {
      family: 'ip',
      sets: new Map([['endpoints', setSchema('ip', 'endpoints')]]),
      elements: new Map([['endpoints', new Map(endpoints)]]),
      chains: new Map(chains.map((chain) => [chain.name, chain])),
    },
  }
}

/** The chains that did something, way by way. */
function chainsOf(found: ReturnType<typeof trace>): readonly (readonly string[])[] {
  return found.paths.map(({ state }) =>
    state.steps.map((step) => (step.kind === 'rule' ? step.chain : 'ipvs')),
  )
}

const mark = rule({ kind: 'set-mark', bit: 14 })

describe('hooks', () => {
  const everywhere = [
    base('late', 'filter', 'prerouting', -90, mark),
    base('nat', 'nat', 'prerouting', -105, mark),
    base('early', 'filter', 'prerouting', -110, mark),
    // Its own priority says after the translation; conntrack translates at -100 all the same.
    base('other-nat', 'nat', 'prerouting', 0, mark),
    base('between', 'filter', 'prerouting', -95, mark),
    base('out', 'filter', 'output', 0, mark),
    base('post', 'filter', 'postrouting', 0, mark),
  ]

  test('a nat chain runs where conntrack translates, whatever its priority', () => {
    const chains = ['early', 'nat', 'other-nat', 'between', 'late', 'post']
    expect(
      chainsOf(trace(ruleset({ chains: everywhere }), packet('198.51.100.7', '192.0.2.9'), facts)),
    ).toEqual([chains])
  })

  test('what the node keeps for itself does not pass postrouting', () => {
    const [chains] = chainsOf(trace(ruleset({ chains: everywhere }), packet('198.51.100.7'), facts))
    expect(chains).not.toContain('post')
  })

  test('what the node sends goes out, and comes in again if it is for the node', () => {
    const away = chainsOf(
      trace(ruleset({ chains: everywhere }), packet('192.0.2.1', '192.0.2.9'), facts),
    )
    expect(away).toEqual([['out', 'post']])
    const back = chainsOf(trace(ruleset({ chains: everywhere }), packet('192.0.2.1'), facts))
    expect(back).toEqual([['out', 'post', 'early', 'between', 'late']])
  })

  test('a connection is translated once: no other nat chain is asked', () => {
    const chains = [
      base('first', 'nat', 'prerouting', -105, dnat(1)),
      base('second', 'nat', 'prerouting', -100, mark),
    ]
    const found = trace(
      ruleset({ chains, slots: { 0: '10.244.1.10 . 8080' } }),
      packet('198.51.100.7'),
      facts,
    )
    expect(chainsOf(found)).toEqual([['first']])
  })

  test('accept ends the chains of its hook and priority only, drop all', () => {
    const chains = [
      base('one', 'filter', 'prerouting', -110, rule({ kind: 'accept' }), rule({ kind: 'drop' })),
      base('two', 'filter', 'prerouting', -90, rule({ kind: 'drop' })),
      base('three', 'filter', 'prerouting', 0, mark),
    ]
    const found = trace(ruleset({ chains }), packet('198.51.100.7'), facts)
    expect(found.paths).toMatchObject([{ odds: 1, end: 'dropped' }])
    expect(chainsOf(found)).toEqual([['one', 'two']])
  })
})

describe('chains', () => {
  const calls = (kind: 'jump' | 'goto'): readonly WalkedChain[] => [
    base('base', 'filter', 'prerouting', 0, rule({ kind, chain: 'called' }), mark),
    { name: 'called', rules: [rule({ kind: 'goto', chain: 'last' }), mark] },
    { name: 'last', rules: [mark] },
  ]

  test('after jump the caller goes on, after goto it does not', () => {
    const steps = (kind: 'jump' | 'goto') =>
      chainsOf(trace(ruleset({ chains: calls(kind) }), packet('198.51.100.7'), facts))
    expect(steps('jump')).toEqual([['base', 'called', 'last', 'base']])
    expect(steps('goto')).toEqual([['base', 'called', 'last']])
  })
})

describe('dnat', () => {
  const hooks = (...rules: Rule[]): readonly WalkedChain[] => [
    base('nat', 'nat', 'prerouting', -100, ...rules),
    base('after', 'filter', 'prerouting', -90, rule({ kind: 'was-dnat' }, { kind: 'drop' })),
  ]

  test('a slot that is empty half way through a commit leaves the packet to the next rule', () => {
    const slots = { 0: '10.244.1.10 . 8080', 1: '10.244.1.11 . 8080' }
    const found = trace(
      ruleset({ chains: hooks(dnat(4), dnat(1)), slots }),
      packet('198.51.100.7'),
      facts,
    )
    expect(found.paths.map(({ odds, state }) => [state.destination, odds])).toEqual([
      ['10.244.1.10', 0.75],
      ['10.244.1.11', 0.25],
    ])
  })

  test('ct status dnat is true of what was changed, not of what dnat led where it went anyway', () => {
    const ends = (to: string) =>
      trace(
        ruleset({ chains: hooks(dnat(1)), slots: { 0: to } }),
        packet('198.51.100.7'),
        facts,
      ).paths.map(({ end }) => end)
    expect(ends('10.244.1.10 . 8080')).toEqual(['dropped'])
    expect(ends('203.0.113.10 . 80')).toEqual(['passed'])
  })

  test('ICMP has no port to be led by', () => {
    const slots = { 0: '10.244.1.10 . 8080' }
    const sent = packet('198.51.100.7', '203.0.113.10', 'icmp')
    const found = trace(ruleset({ chains: hooks(dnat(1)), slots }), sent, facts)
    expect(found.paths).toMatchObject([{ end: 'passed', state: { translated: false } }])
  })
})

describe('statements', () => {
  test('clearing a mark that is not there sets it, as an exclusive or does', () => {
    const chains = [
      base('one', 'filter', 'prerouting', 0, rule({ kind: 'clear-mark', bit: 14 })),
      base('two', 'filter', 'prerouting', 1, rule({ kind: 'clear-mark', bit: 14 })),
    ]
    const effects = trace(ruleset({ chains }), packet('198.51.100.7'), facts).paths.flatMap(
      ({ state }) => state.steps.flatMap((step) => step.effects),
    )
    expect(effects).toEqual([
      { kind: 'mark', bit: 14 },
      { kind: 'unmark', bit: 14 },
    ])
  })

  test('a client that is forgotten is not remembered any more', () => {
    const clients = { set: 'clients', key: [{ kind: 'saddr' }] } as const
    const remember = rule({ kind: 'remember', ...clients, seconds: 60 })
    const forget = rule({ kind: 'forget', ...clients })
    const known = (...rules: readonly Rule[]) =>
      trace(
        ruleset({ chains: [base('x', 'filter', 'prerouting', 0, ...rules)] }),
        packet('198.51.100.7'),
        facts,
      ).paths.map(({ state }) => [...(state.clients.get('clients') ?? [])])
    expect(known(forget, remember)).toEqual([['198.51.100.7']])
    expect(known(remember, forget)).toEqual([[]])
  })

  test('an interval of the other family holds no address', () => {
    const found = (range: string) =>
      find(
        {
          facts,
          doubts: new Set(),
          ipvs: undefined,
          table: {
            family: 'ip',
            sets: new Map([['x', { name: 'x', key: ['ipv4_addr'], interval: true }]]),
            elements: new Map([['x', new Map([[range as Tuple, {}]])]]),
            chains: new Map(),
          },
        },
        { clients: new Map() } as unknown as Parameters<typeof find>[1],
        'x',
        '198.51.100.7' as Tuple,
      )?.key
    expect(found('128.0.0.0/1')).toBe('128.0.0.0/1')
    expect(found('::/1')).toBeUndefined()
  })
})

describe('what rules of others do is told without a reason that nodelb has', () => {
  const outcomes = (...chains: readonly WalkedChain[]) => {
    const tables = ruleset({ chains, slots: { 0: '10.244.1.10 . 8080' } })
    const found = trace(tables, packet('198.51.100.7', '203.0.113.10'), facts)
    return found.paths.map((path) => read(found, path, tables))
  }
  const led = (...rules: readonly Rule[]) =>
    base('nat', 'nat', 'prerouting', -100, ...rules, dnat(1))
  const masquerade = base('post', 'nat', 'postrouting', 100, rule({ kind: 'masquerade' }))

  test.each<[string, readonly WalkedChain[], object]>([
    [
      'drop',
      [base('x', 'filter', 'prerouting', 0, rule({ kind: 'drop' }))],
      { kind: 'dropped', why: 'not-known' },
    ],
    [
      'refuse',
      [base('x', 'filter', 'prerouting', 0, rule({ kind: 'reject', with: 'tcp-reset' }))],
      { kind: 'refused', with: 'tcp-reset', why: 'not-known' },
    ],
    ['masquerade', [led(), masquerade], { source: { kind: 'node', why: 'not-known' } }],
    ['mark', [led(mark)], { source: { kind: 'client', why: 'endpoint-on-this-node' } }],
    ['translate', [led()], { source: { kind: 'client', why: 'not-asked' } }],
  ])('%s', (_, chains, outcome) => {
    expect(outcomes(...chains)).toMatchObject([{ outcome }])
  })

  test('an element without a comment is of some Service', () => {
    const tables = ruleset({ chains: [] })
    const elements = new Map([['services', new Map([['203.0.113.10 . tcp . 81' as Tuple, {}]])]])
    const table = tables.ip && { ...tables.ip, elements }
    const asked = { ...(table && { ip: table }) }
    const found = trace(asked, packet('198.51.100.7'), facts)
    expect(found.paths.map((path) => read(found, path, asked).besides)).toEqual([
      ['tcp 81: a Service'],
    ])
  })

  test('a map that is not one of nodelb leads to endpoints of the cluster', () => {
    const other = rule({ kind: 'dnat', key: [...key], map: 'x' })
    const table = ruleset({ chains: [base('nat', 'nat', 'prerouting', -100, other)] }).ip
    const data = '10.244.1.10 . 8080' as Tuple
    const elements = new Map([['x', new Map([[vip as Tuple, { data }]])]])
    const asked = { ...(table && { ip: { ...table, elements } }) }
    const found = trace(asked, packet('198.51.100.7'), facts)
    expect(found.paths.map((path) => read(found, path, asked))).toMatchObject([
      { reach: 'cluster', outcome: { kind: 'delivered', address: '10.244.1.10' } },
    ])
  })
})

describe('what cannot be known is a doubt', () => {
  test('a rule that is not one of nodelb, where the packet comes by', () => {
    const chains = [
      base('base', 'filter', 'prerouting', 0, mark, { strange: 'counter' }, mark),
      { name: 'elsewhere', rules: [{ strange: 'log' }] },
    ]
    const found = trace(ruleset({ chains }), packet('198.51.100.7'), facts)
    expect(found.doubts).toEqual(['what this rule in chain base does: counter'])
    expect(chainsOf(found)).toEqual([['base', 'base']])
  })

  test('the input interface, where a rule asks for it', () => {
    const asks = rule({ kind: 'interface', name: 'cni0', prefix: false }, { kind: 'drop' })
    const chains = [base('base', 'filter', 'prerouting', 0, asks)]
    const sent = packet('198.51.100.7')
    expect(trace(ruleset({ chains }), sent, { ...facts, routes: [] }).doubts).toEqual([])
    const lost: Packet = { ...sent, origin: { kind: 'interface', name: undefined } }
    expect(trace(ruleset({ chains }), lost, facts).doubts).toEqual([
      'by which interface 198.51.100.7 comes in',
    ])
  })

  test('where no route says it, the address that masquerade takes', () => {
    const chains = [base('post', 'nat', 'postrouting', 100, rule({ kind: 'masquerade' }))]
    const sent = packet('198.51.100.7', '192.0.2.9')
    const as = (known: NodeFacts) =>
      trace(ruleset({ chains }), sent, known).paths.map(({ state }) => state.masqueraded)
    expect(as(facts)).toEqual([{ as: '192.0.2.1' }])
    expect(as({ ...facts, routes: [] })).toEqual([{ as: undefined }])
  })
})
