import { expect, test } from 'vitest'
import { allocateNodes } from '../../src/allocate/allocate-nodes.ts'
import type { CandidateNode, NodeClaimant } from '../../src/allocate/nodes-world.ts'
import { printReason } from '../../src/allocate/print-reason.ts'
import type { Taint } from '../../src/allocate/taints.ts'
import { claimantOf, nodeOf } from './node-worlds.ts'

const ENABLE = 'svccontroller.k3s.cattle.io/enablelb'
const LBPOOL = 'svccontroller.k3s.cattle.io/lbpool'

const a = nodeOf('a', ['192.0.2.1'])
const b = nodeOf('b', ['192.0.2.2'])
const c = nodeOf('c', ['192.0.2.10'])

/** The addresses and the reason of each Service by its name. */
function allocate(nodes: readonly CandidateNode[], ...claimants: readonly NodeClaimant[]) {
  const { grants, problems } = allocateNodes({ nodes, claimants })
  const addresses = Object.fromEntries(
    grants.map((each) => [each.name, each.addresses.map(({ address }) => address)]),
  )
  const reasons = Object.fromEntries(grants.map(({ name, reason }) => [name, printReason(reason)]))
  return { addresses, reasons, problems }
}

test('a Service has all Nodes, in the order of the numbers', () => {
  const { addresses, reasons, problems } = allocate([c, b, a], claimantOf('web'))
  expect(addresses).toEqual({ web: ['192.0.2.1', '192.0.2.2', '192.0.2.10'] })
  expect(reasons).toEqual({ web: 'The Service has the addresses of a, b, c' })
  expect(problems).toEqual([])
})

test('an ExternalIP anywhere leaves out all that is internal', () => {
  const outside = nodeOf('x', ['192.0.2.9'], { external: ['198.51.100.1'] })
  const { addresses } = allocate([a, outside, b], claimantOf('web'))
  expect(addresses).toEqual({ web: ['198.51.100.1'] })
})

test('families follow the Service, each in the order of its numbers', () => {
  const nodes = [nodeOf('a', ['192.0.2.9', 'fd00::9']), nodeOf('b', ['fd00::1', '192.0.2.1'])]
  const { addresses } = allocate(
    nodes,
    claimantOf('six', { families: ['ipv6'], ports: [1] }),
    claimantOf('both', { families: ['ipv6', 'ipv4'], ports: [2] }),
  )
  expect(addresses).toEqual({
    six: ['fd00::1', 'fd00::9'],
    both: ['fd00::1', 'fd00::9', '192.0.2.1', '192.0.2.9'],
  })
})

test('IPv6 alone gets nothing where the only ExternalIPs are IPv4, as with ServiceLB', () => {
  const nodes = [
    nodeOf('a', ['192.0.2.1', 'fd00::1'], { external: ['198.51.100.1'] }),
    nodeOf('b', ['fd00::2']),
  ]
  const { addresses, reasons } = allocate(nodes, claimantOf('six', { families: ['ipv6'] }))
  expect(addresses).toEqual({ six: [] })
  expect(reasons).toEqual({
    six: 'The Nodes have no ExternalIP that is IPv6; give them one, or change ipFamilies',
  })
})

test('enablelb chooses Nodes, and only its value true does', () => {
  const nodes = [a, nodeOf('b', ['192.0.2.2'], { labels: { [ENABLE]: 'true' } })]
  const no = nodeOf('c', ['192.0.2.3'], { labels: { [ENABLE]: 'false' } })
  expect(allocate([...nodes, no], claimantOf('web')).addresses).toEqual({ web: ['192.0.2.2'] })
  const { addresses, reasons } = allocate([a, no], claimantOf('web'))
  expect(addresses).toEqual({ web: [] })
  expect(reasons['web']).toBe(
    `No Node can serve the Service: on a, c, where the label ${ENABLE} is not "true"`,
  )
})

test('lbpool chooses among the enabled Nodes, and has no effect without any', () => {
  const edge = { [LBPOOL]: 'edge' }
  const enabled = { [ENABLE]: 'true' }
  const nodes = [
    nodeOf('a', ['192.0.2.1'], { labels: { ...enabled, ...edge } }),
    nodeOf('b', ['192.0.2.2'], { labels: { ...enabled, [LBPOOL]: 'core' } }),
    nodeOf('c', ['192.0.2.3'], { labels: edge }),
  ]
  const services = [
    claimantOf('edge', { lbpool: 'edge', ports: [1] }),
    claimantOf('any', { ports: [2] }),
  ]
  const { addresses, reasons } = allocate(nodes, ...services)
  expect(addresses).toEqual({ edge: ['192.0.2.1'], any: ['192.0.2.1', '192.0.2.2'] })
  expect(reasons['edge']).toBe('The Service has the addresses of a')
  const without = allocate([nodeOf('a', ['192.0.2.1'], { labels: edge }), b], ...services)
  expect(without.addresses['edge']).toEqual(['192.0.2.1', '192.0.2.2'])
})

test.each<[string, Taint, boolean]>([
  ['gpu', { key: 'gpu', value: '', effect: 'NoSchedule' }, false],
  ['NoExecute', { key: 'gpu', value: '', effect: 'NoExecute' }, false],
  ['PreferNoSchedule', { key: 'gpu', value: '', effect: 'PreferNoSchedule' }, true],
  ['cordoned', { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }, true],
  ['master', { key: 'node-role.kubernetes.io/master', value: '', effect: 'NoSchedule' }, true],
  [
    'master NoExecute',
    { key: 'node-role.kubernetes.io/master', value: '', effect: 'NoExecute' },
    false,
  ],
  ['critical', { key: 'CriticalAddonsOnly', value: 'true', effect: 'NoExecute' }, true],
  [
    'network',
    { key: 'node.kubernetes.io/network-unavailable', value: '', effect: 'NoSchedule' },
    false,
  ],
])('a Node with the taint %s', (_, taint, serves) => {
  const { addresses } = allocate([nodeOf('a', ['192.0.2.1'], { taints: [taint] })], claimantOf('w'))
  expect(addresses).toEqual({ w: serves ? ['192.0.2.1'] : [] })
})

test('a Service may tolerate more', () => {
  const taints = [{ key: 'team', value: 'x', effect: 'NoSchedule' as const }]
  const nodes = [nodeOf('a', ['192.0.2.1'], { taints })]
  const tolerating = (key: string | undefined, value: string | undefined) =>
    claimantOf('web', { tolerations: [{ key, value, effect: undefined }] })
  expect(allocate(nodes, tolerating('team', 'x')).addresses['web']).toHaveLength(1)
  expect(allocate(nodes, tolerating('team', undefined)).addresses['web']).toHaveLength(1)
  expect(allocate(nodes, tolerating(undefined, undefined)).addresses['web']).toHaveLength(1)
  expect(allocate(nodes, tolerating('team', 'y')).reasons['web']).toBe(
    'No Node can serve the Service: on a, where the taint team=x:NoSchedule is not tolerated',
  )
})

test('Nodes that are not ready are left out, and so are excluded ones, which is told', () => {
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const nodes = [
    nodeOf('a', ['192.0.2.1'], { ready: false }),
    nodeOf('b', ['192.0.2.2'], { labels: { [label]: '' } }),
  ]
  const { addresses, reasons, problems } = allocate(nodes, claimantOf('web'))
  expect(addresses).toEqual({ web: [] })
  expect(reasons['web']).toBe(
    `No Node can serve the Service: on a, where the condition Ready does not hold; on b, where the label ${label} is set`,
  )
  expect(problems).toEqual([
    {
      object: 'Node/b',
      message: `it has the label ${label}, so no Service gets its addresses`,
    },
  ])
})

test('policy Local has the Nodes with ready pods alone', () => {
  const { addresses } = allocate([a, b], claimantOf('web', { podNodes: new Set(['b', 'gone']) }))
  expect(addresses).toEqual({ web: ['192.0.2.2'] })
  const none = allocate([a, b], claimantOf('web', { podNodes: new Set() }))
  expect(none.reasons['web']).toContain('on a, b, where no pod is ready')
})

test('a port goes to the oldest, and the reason names port and holder', () => {
  const { addresses, reasons } = allocate(
    [a],
    claimantOf('young', { created: '2026-02-02T00:00:00Z', ports: [443, 80] }),
    claimantOf('old', { created: '2026-01-01T00:00:00Z' }),
  )
  expect(addresses).toEqual({ old: ['192.0.2.1'], young: [] })
  expect(reasons['young']).toBe(
    'No Node can serve the Service: on a, where Service shop/old has port 80/tcp',
  )
})

test('a Service that holds a port keeps it, against an older Service', () => {
  const { addresses } = allocate(
    [a],
    claimantOf('young', { created: '2026-02-02T00:00:00Z', held: ['192.0.2.1'] }),
    claimantOf('old'),
  )
  expect(addresses).toEqual({ old: [], young: ['192.0.2.1'] })
})

test('a Service that collides on some Nodes gets the others', () => {
  const { addresses, reasons } = allocate(
    [a, b, c],
    claimantOf('local', { podNodes: new Set(['b']) }),
    claimantOf('web', { created: '2026-02-02T00:00:00Z' }),
  )
  expect(addresses).toEqual({ local: ['192.0.2.2'], web: ['192.0.2.1', '192.0.2.10'] })
  expect(reasons['web']).toBe(
    'The Service has the addresses of a, c; it is not on b, where Service shop/local has port 80/tcp',
  )
})

test('other ports and other protocols do not collide', () => {
  const udp = claimantOf('udp')
  const [port] = udp.sharing.ports
  if (port === undefined) throw new Error('no port')
  const { addresses } = allocate([a], claimantOf('web'), claimantOf('tls', { ports: [443] }), {
    ...udp,
    sharing: { ...udp.sharing, ports: [{ ...port, protocol: 'udp' }] },
  })
  expect(Object.values(addresses)).toEqual([['192.0.2.1'], ['192.0.2.1'], ['192.0.2.1']])
})

test('two families of one Node are one place', () => {
  const { addresses } = allocate(
    [nodeOf('a', ['192.0.2.1', 'fd00::1'])],
    claimantOf('four'),
    claimantOf('six', { families: ['ipv6'] }),
  )
  expect(addresses).toEqual({ four: ['192.0.2.1'], six: [] })
})

test('Nodes behind one ExternalIP are one place', () => {
  const external = ['198.51.100.1']
  const nodes = [nodeOf('a', ['192.0.2.1'], { external }), nodeOf('b', ['192.0.2.2'], { external })]
  const { addresses } = allocate(
    nodes,
    claimantOf('first', { podNodes: new Set(['a']) }),
    claimantOf('second', { podNodes: new Set(['b']) }),
  )
  expect(addresses).toEqual({ first: ['198.51.100.1'], second: [] })
})

test('a Service that loses every ExternalIP gets the Nodes without one', () => {
  const nodes = [nodeOf('a', ['192.0.2.1'], { external: ['198.51.100.1'] }), b]
  const { addresses } = allocate(
    nodes,
    claimantOf('old'),
    claimantOf('young', { created: '2026-02-02T00:00:00Z' }),
  )
  expect(addresses).toEqual({ old: ['198.51.100.1'], young: ['192.0.2.2'] })
  const third = claimantOf('third', { created: '2026-03-03T00:00:00Z' })
  const young = claimantOf('young', { created: '2026-02-02T00:00:00Z' })
  expect(allocate(nodes, claimantOf('old'), young, third).reasons['third']).toBe(
    'No Node can serve the Service: on a, where Service shop/old has port 80/tcp; ' +
      'on b, where Service shop/young has port 80/tcp',
  )
})

test('a Service that is being deleted keeps what it has and gets nothing new', () => {
  const leaving = claimantOf('web', { leaving: true, held: ['192.0.2.2'] })
  const { addresses, reasons } = allocate([a, b], leaving)
  expect(addresses).toEqual({ web: ['192.0.2.2'] })
  expect(reasons['web']).toBe('The Service has the addresses of b')
  expect(allocate([a], leaving).reasons['web']).toContain('gets none while it is being deleted')
})

test('an address of a pool is kept, and Nodes that vanish take nothing away', () => {
  const held = [{ address: a.internal[0] ?? ('' as never), pool: 'production' }]
  const pooled = { ...claimantOf('pooled'), held }
  const { addresses, reasons } = allocate([b], pooled, claimantOf('web'))
  expect(addresses).toEqual({ pooled: ['192.0.2.1'], web: ['192.0.2.2'] })
  expect(reasons['pooled']).toContain('keeps its address of IPAddressPool production')
  const alone = allocate([], claimantOf('web', { held: ['192.0.2.1'] }))
  expect(alone.addresses).toEqual({ web: ['192.0.2.1'] })
  expect(alone.reasons['web']).toBe('No Node is known, so the status stays as it is')
})

test('a Service that asks for another address gives up that of a pool once there are Nodes', () => {
  const held = [{ address: a.internal[0] ?? ('' as never), pool: 'production' }]
  const asking = { ...claimantOf('web', { renewing: true }), held }
  expect(allocate([b], asking).addresses).toEqual({ web: ['192.0.2.2'] })
  const alone = allocate([], asking)
  expect(alone.addresses).toEqual({ web: ['192.0.2.1'] })
  expect(alone.reasons['web']).toBe('No Node is known, so the status stays as it is')
  expect(allocate([b], { ...asking, leaving: true }).addresses).toEqual({ web: ['192.0.2.1'] })
})

test('of many Nodes with one cause some are named', () => {
  const nodes = Array.from({ length: 8 }, (_, i) => nodeOf(`n${i}`, [`192.0.2.${i + 1}`]))
  const { reasons } = allocate(nodes, claimantOf('web'))
  expect(reasons['web']).toBe('The Service has the addresses of n0, n1, n2, n3, n4 and 3 more')
})

test('Services that get the same share one list and one reason, so that many cost no more than a few', () => {
  const nodes = Array.from({ length: 8 }, (_, i) => nodeOf(`n${i}`, [`192.0.2.${i + 1}`]))
  const winners = [1, 2, 3].map((port) => claimantOf(`s${port}`, { ports: [port] }))
  const losers = ['x', 'y'].map((name) => claimantOf(name, { created: '', ports: [3] }))
  const { grants } = allocateNodes({ nodes, claimants: [...winners, ...losers] })
  const [s1, s2, , x, y] = grants
  expect(s1?.addresses).toHaveLength(8)
  expect(s2?.addresses).toBe(s1?.addresses)
  expect(s2?.reason).toBe(s1?.reason)
  expect(x?.reason).toMatchObject({ kind: 'no-node', barred: [{ bar: { holder: 'shop/s3' } }] })
  expect(y?.reason).toBe(x?.reason)
})
