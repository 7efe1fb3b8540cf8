import { expect, test } from 'vitest'
import { conflicts, judge, type Witness } from '../e2e/support/status-rules.ts'

interface Told {
  readonly ips?: readonly string[]
  readonly uid?: string
  readonly spec?: object
  readonly annotations?: object
}

/** What a checker notes of Services that come in this order. */
function seen(...told: readonly (readonly [name: string, Told])[]) {
  const all = new Map<string, Witness>()
  const breaches = told.flatMap(([name, { ips = [], uid = name, spec, annotations = {} }]) => {
    const service = {
      metadata: { uid, annotations },
      spec: {
        ...{ type: 'LoadBalancer', ipFamilies: ['IPv4'] },
        ports: [{ protocol: 'TCP', port: 80 }],
        ...spec,
      },
      status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
    }
    const judged = judge(all, name, service)
    all.set(name, judged.witness)
    return judged.breaches.map(({ what }) => what)
  })
  return { breaches, conflicts: conflicts(all) }
}

const A = '192.0.2.1'
const B = '192.0.2.2'
const key = (port: number): Told => ({
  ips: [A],
  annotations: { 'metallb.io/allow-shared-ip': 'key' },
  spec: { ports: [{ protocol: 'TCP', port }] },
})
const given = {
  'metallb.io/address-pool': 'lan',
  'metallb.io/ip-allocated-from-pool': 'lan',
}
const asks = (address: string) => ({ 'metallb.io/loadBalancerIPs': address })

test.each<[string, readonly (readonly [string, Told])[], readonly string[]]>([
  [
    'a Service gets an address and keeps it',
    [
      ['a', {}],
      ['a', { ips: [A] }],
    ],
    [],
  ],
  [
    'an address moves by itself',
    [
      ['a', { ips: [A] }],
      ['a', { ips: [B] }],
    ],
    ['moved'],
  ],
  [
    'an address is taken away',
    [
      ['a', { ips: [A] }],
      ['a', {}],
    ],
    ['moved'],
  ],
  [
    'another Service has the name now',
    [
      ['a', { ips: [A] }],
      ['a', { uid: 'new' }],
    ],
    [],
  ],
  [
    'a Service asks for another address and gets it',
    [
      ['a', { ips: [A] }],
      ['a', { ips: [A], annotations: asks(B) }],
      ['a', { ips: [B], annotations: asks(B) }],
    ],
    [],
  ],
  [
    'a Service asks for another address and gets a third one',
    [
      ['a', { ips: [A] }],
      ['a', { ips: ['192.0.2.3'], annotations: asks(B) }],
    ],
    ['moved'],
  ],
  [
    'a Service has what it asks for, and moves all the same',
    [
      ['a', { ips: [A], annotations: given }],
      ['a', { ips: [B], annotations: given }],
    ],
    ['moved'],
  ],
  [
    'a Service gets what it asks for when that can be given, with other addresses in between',
    [
      ['a', { ips: [A] }],
      ['a', { ips: [A, '2001:db8::1'], annotations: asks(B) }],
      ['a', { ips: [B, '2001:db8::1'], annotations: asks(B) }],
      ['a', { ips: [A, '2001:db8::1'], annotations: asks(B) }],
    ],
    ['moved'],
  ],
  [
    'a Service that was renewed moves once',
    [
      ['a', { ips: [A] }],
      ['a', { ips: [B], annotations: { 'nodelb.io/renew': '1' } }],
      ['a', { ips: [A], annotations: { 'nodelb.io/renew': '1' } }],
    ],
    ['moved'],
  ],
  [
    'two have one address',
    [
      ['a', { ips: [A] }],
      ['b', { ips: [A] }],
    ],
    ['given twice'],
  ],
  [
    'two share one address',
    [
      ['a', key(80)],
      ['b', key(81)],
    ],
    [],
  ],
  [
    'two share one address and a port',
    [
      ['a', key(80)],
      ['b', key(80)],
    ],
    ['given twice'],
  ],
  [
    'one that could not share for a moment leaves a moment later',
    [
      ['a', key(80)],
      ['b', key(81)],
      ['b', key(80)],
      ['b', key(81)],
      ['a', { ...key(80), ips: [B] }],
      ['a', { ...key(80), ips: [A] }],
    ],
    ['moved'],
  ],
  [
    'one that shares no longer may, and leaves',
    [
      ['a', key(80)],
      ['b', key(81)],
      ['b', key(80)],
      ['b', { ...key(80), ips: [B] }],
    ],
    [],
  ],
])('the checker of statuses judges: %s', (_, told, breaches) => {
  expect(seen(...told).breaches).toEqual(breaches)
})

test('the checker of statuses tells who has an address together that may not share it', () => {
  expect(seen(['a', key(80)], ['b', key(81)]).conflicts).toEqual([])
  expect(seen(['a', key(80)], ['b', key(81)], ['b', key(80)]).conflicts).toEqual([
    `${A}: a and b`,
    `${A}: b and a`,
  ])
})
