import type { TableFamily } from '../../../src/model/family.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import type { Operation, Plan } from '../../../src/plan/nftables/operation.ts'
import type {
  Chain,
  ElementValue,
  Field,
  FieldType,
  Rule,
  SetSchema,
  Statement,
  Table,
} from '../../../src/ruleset/nftables/types.ts'

/** A table with every kind of set, element, chain and statement. */

const VIP: readonly Field[] = [{ kind: 'daddr' }, { kind: 'l4proto' }, { kind: 'dport' }]
const NODE_PORT: readonly Field[] = [{ kind: 'l4proto' }, { kind: 'dport' }]
const ORIGINAL: readonly Field[] = [
  { kind: 'original-daddr' },
  { kind: 'l4proto' },
  { kind: 'original-dport' },
]
const SADDR: Field = { kind: 'saddr' }
const DADDR: Field = { kind: 'daddr' }
const slot = (modulus: number): Field => ({ kind: 'random', modulus })
const hash = (modulus: number): Field => ({ kind: 'client-hash', modulus })
const PORTS: Statement = { kind: 'has-ports' }

export function sampleSets(family: TableFamily): readonly SetSchema[] {
  const address: FieldType = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  const vip: readonly FieldType[] = [address, 'inet_proto', 'inet_service']
  const data: readonly FieldType[] = [address, 'inet_service']
  return [
    { name: 'services', key: vip },
    { name: 'node-ports', key: ['inet_proto', 'inet_service'] },
    { name: 'hairpin', key: [address, address] },
    { name: 'cluster-ips', key: [address] },
    { name: 'pod-ranges', key: [address], interval: true },
    { name: 'allowed-sources', key: [...vip, address], interval: true },
    { name: 'endpoints', key: [...vip, 'slot'], data },
    { name: 'node-port-endpoints', key: ['inet_proto', 'inet_service', 'slot'], data },
    { name: 'seat-0', key: vip, data },
    { name: 'seated-services', key: [...vip, ...data], data: 'verdict' },
    { name: 'affinity-0', key: [address, ...vip], learned: { size: 262_144 } },
  ]
}

const ELEMENTS_4: Readonly<Record<string, readonly (readonly [string, ElementValue?])[]>> = {
  services: [
    ['10.0.0.1 . tcp . 80', { comment: 'default/web:http load-balancer' }],
    ['10.0.0.1 . udp . 53'],
    ['10.0.0.2 . sctp . 65535', { comment: 'ünïcode' }],
  ],
  'node-ports': [['tcp . 30080', { comment: 'x' }]],
  hairpin: [['10.1.1.1 . 10.1.1.1']],
  'cluster-ips': [['10.96.0.1'], ['10.96.0.10', { comment: 'dns' }]],
  'pod-ranges': [
    ['0.0.0.0/8'],
    ['10.244.0.0/16', { comment: 'pods' }],
    ['10.245.0.0/16'],
    ['192.0.2.7'],
    ['192.0.2.9-192.0.2.13'],
    ['255.255.255.0/24'],
  ],
  'allowed-sources': [
    ['10.0.0.1 . tcp . 80 . 10.0.0.0/8', { comment: 'c' }],
    ['10.0.0.1 . tcp . 80 . 11.0.0.3-11.0.0.9'],
    ['10.0.0.1 . udp . 53 . 192.0.2.1'],
    ['10.0.0.2 . tcp . 80 . 0.0.0.0/0'],
  ],
  endpoints: [
    ['10.0.0.1 . tcp . 80 . 0', { data: '10.1.1.1 . 8080' as Tuple }],
    ['10.0.0.1 . tcp . 80 . 1', { data: '10.1.1.2 . 8080' as Tuple, comment: 'y' }],
    ['10.0.0.1 . tcp . 80 . 300', { data: '10.1.1.2 . 8080' as Tuple }],
  ],
  'node-port-endpoints': [['tcp . 30080 . 1', { data: '10.1.1.1 . 8080' as Tuple }]],
  'seat-0': [['10.0.0.1 . tcp . 80', { data: '10.1.1.1 . 8080' as Tuple }]],
  'seated-services': [
    ['10.0.0.1 . tcp . 80 . 10.1.1.1 . 8080', { data: 'goto other' as Tuple }],
    ['10.0.0.1 . tcp . 80 . 10.1.1.2 . 8080', { data: 'goto other' as Tuple, comment: 'z' }],
  ],
}

const ELEMENTS_6: typeof ELEMENTS_4 = {
  services: [['fd00::1 . tcp . 80', { comment: 'default/web:http' }], ['fd00::2 . udp . 53']],
  'node-ports': [['tcp . 30080']],
  hairpin: [['fd01::1 . fd01::1']],
  'cluster-ips': [['fd00::1']],
  'pod-ranges': [
    ['::/16'],
    ['fd00:10:244::/48', { comment: 'pods' }],
    ['fd00:10:245::/48'],
    ['2001:db8::5-2001:db8::7'],
    ['ff00::/8'],
  ],
  'allowed-sources': [
    ['fd00::1 . tcp . 80 . fd00::/8'],
    ['fd00::1 . tcp . 80 . 2001:db8::1'],
    ['fd00::1 . tcp . 80 . 2001:db8::5-2001:db8::9'],
  ],
  endpoints: [
    ['fd00::1 . tcp . 80 . 0', { data: 'fd01::1 . 8080' as Tuple }],
    ['fd00::1 . tcp . 80 . 1', { data: 'fd01::2 . 8080' as Tuple }],
  ],
  'node-port-endpoints': [['tcp . 30080 . 0', { data: 'fd01::1 . 8080' as Tuple }]],
  'seat-0': [['fd00::1 . tcp . 80', { data: 'fd01::1 . 8080' as Tuple }]],
  'seated-services': [['fd00::1 . tcp . 80 . fd01::1 . 8080', { data: 'goto other' as Tuple }]],
}

/** At least one rule for each kind of statement and each of its variants. */
export const SAMPLE_RULES: readonly Rule[] = [
  rule({ kind: 'in-set', key: VIP, set: 'services' }, { kind: 'goto', chain: 'other' }),
  rule({ kind: 'in-set', key: VIP, set: 'services', negated: true }),
  rule({ kind: 'in-set', key: NODE_PORT, set: 'node-ports' }),
  rule({ kind: 'in-set', key: [SADDR, DADDR], set: 'hairpin' }, { kind: 'masquerade' }),
  rule({ kind: 'in-set', key: [DADDR], set: 'cluster-ips' }),
  rule({ kind: 'in-set', key: [SADDR], set: 'pod-ranges', negated: true }),
  rule({ kind: 'in-set', key: [...VIP, SADDR], set: 'allowed-sources', negated: true }),
  rule({ kind: 'in-set', key: [{ kind: 'original-daddr' }], set: 'cluster-ips' }),
  rule(PORTS, { kind: 'in-set', key: ORIGINAL, set: 'services' }),
  rule({ kind: 'new-connection' }, { kind: 'jump', chain: 'other' }),
  rule({ kind: 'was-dnat' }),
  rule({ kind: 'to-this-node' }, { kind: 'not-loopback' }),
  rule({ kind: 'from-this-node' }),
  rule({ kind: 'interface', name: 'cni0', prefix: false }),
  rule({ kind: 'interface', name: 'cni0', prefix: false, negated: true }),
  rule({ kind: 'interface', name: 'veth', prefix: true }),
  rule({ kind: 'interface', name: 'cilium-vxlan', prefix: true, negated: true }),
  { statements: [PORTS], comment: 'has ports' },
  rule({ kind: 'set-mark', bit: 14 }),
  rule({ kind: 'has-mark', bit: 31 }, { kind: 'clear-mark', bit: 31 }, { kind: 'masquerade' }),
  rule({ kind: 'in-set', key: [SADDR, ...VIP], set: 'affinity-0' }, PORTS, {
    kind: 'dnat',
    key: VIP,
    map: 'seat-0',
  }),
  rule({ kind: 'forget', set: 'affinity-0', key: [SADDR, ...VIP] }),
  rule(PORTS, {
    kind: 'verdict-map',
    key: [...ORIGINAL, DADDR, { kind: 'dport' }],
    map: 'seated-services',
  }),
  rule(
    PORTS,
    { kind: 'remember', set: 'affinity-0', key: [SADDR, ...ORIGINAL], seconds: 10_800 },
    { kind: 'accept' },
  ),
  rule(PORTS, { kind: 'dnat', key: [...VIP, slot(3)], map: 'endpoints' }),
  rule(PORTS, { kind: 'dnat', key: [...NODE_PORT, slot(1)], map: 'node-port-endpoints' }),
  rule(PORTS, { kind: 'dnat', key: [...VIP, hash(3)], map: 'endpoints' }),
  rule(PORTS, { kind: 'dnat', key: [...NODE_PORT, hash(4)], map: 'node-port-endpoints' }),
  rule({ kind: 'is-tcp' }, { kind: 'reject', with: 'tcp-reset' }),
  rule({ kind: 'reject', with: 'port-unreachable' }),
  rule({ kind: 'drop' }),
]

function rule(...statements: readonly Statement[]): Rule {
  return { statements }
}

export function sampleTable(family: TableFamily, rules: readonly Rule[]): Table {
  const elements = Object.entries(family === 'ip' ? ELEMENTS_4 : ELEMENTS_6)
  const chains: readonly Chain[] = [
    { name: 'other', rules: [] },
    { name: 'pre', base: { type: 'nat', hook: 'prerouting', priority: -105 }, rules: [] },
    { name: 'post', base: { type: 'nat', hook: 'postrouting', priority: 95 }, rules: [] },
    { name: 'out', base: { type: 'filter', hook: 'output', priority: -90 }, rules: [] },
    { name: 'rules', rules },
  ]
  return {
    family,
    sets: new Map(sampleSets(family).map((set) => [set.name, set])),
    elements: new Map(
      elements.map(([set, list]) => [
        set,
        new Map(list.map(([key, value]) => [key as Tuple, value ?? {}])),
      ]),
    ),
    chains: new Map(chains.map((chain) => [chain.name, chain])),
  }
}

/** The plan that makes the table where there was none. */
export function creation({ family, sets, elements, chains }: Table): Plan {
  const plan: Operation[] = [{ kind: 'add-table', family }]
  for (const set of sets.values()) plan.push({ kind: 'add-set', family, set })
  for (const { name: chain, base } of chains.values()) {
    plan.push({ kind: 'add-chain', family, chain, ...(base === undefined ? {} : { base }) })
  }
  for (const [name, list] of elements) {
    const set = sets.get(name)
    if (set === undefined) throw new Error(name)
    for (const [key, value] of list) plan.push({ kind: 'add-element', family, set, key, value })
  }
  for (const { name: chain, rules } of chains.values()) {
    for (const rule of rules) {
      plan.push({ kind: 'add-rule', family, chain, rule, position: { kind: 'append' } })
    }
  }
  return plan
}
