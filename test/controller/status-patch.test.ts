import { expect, test } from 'vitest'
import { statusPatch, type WantedStatus } from '../../src/controller/status-patch.ts'
import type { Address } from '../../src/model/address.ts'
import {
  ADDRESS_ASSIGNED,
  type Condition,
  type ServiceStatus,
} from '../../src/watch/service-status.ts'

const NOW = new Date('2026-01-02T03:04:05.678Z')

const bare: ServiceStatus = {
  version: '41',
  uid: undefined,
  generation: undefined,
  annotations: new Map(),
  finalizers: [],
  ingress: [],
  otherIngress: false,
  conditions: [],
  managers: [],
}

const assigned: WantedStatus = {
  addresses: ['192.0.2.1'] as Address[],
  pool: 'lan',
  renewed: undefined,
  finalizers: undefined,
  reason: 'PoolChosen',
  message: 'It is the first free address.',
}

const waiting: WantedStatus = {
  addresses: [],
  pool: undefined,
  renewed: undefined,
  finalizers: undefined,
  reason: 'PoolFull',
  message: 'The pool lan is full.',
}

const foreign: Condition = {
  type: 'example.com/Ready',
  status: 'True',
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

test('a new address comes in one patch with its mark and our condition, beside those of others', () => {
  expect(statusPatch({ ...bare, conditions: [foreign] }, assigned, NOW)).toEqual({
    metadata: {
      resourceVersion: '41',
      annotations: {
        'metallb.io/ip-allocated-from-pool': 'lan',
        'nodelb.io/allocated': '192.0.2.1',
      },
    },
    status: {
      loadBalancer: { ingress: [{ ip: '192.0.2.1' }] },
      conditions: [
        foreign,
        {
          type: ADDRESS_ASSIGNED,
          status: 'True',
          reason: 'PoolChosen',
          message: 'It is the first free address.',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    },
  })
})

test.each(['metallb.io', 'metallb.universe.tf'])(
  'a right status that MetalLB left, with a mark of %s, is not written',
  (prefix) => {
    const left: ServiceStatus = {
      ...bare,
      annotations: new Map([[`${prefix}/ip-allocated-from-pool`, 'lan']]),
      ingress: ['192.0.2.1'] as Address[],
    }
    expect(statusPatch(left, assigned, NOW)).toBeUndefined()
  },
)

test('the order of a dual-stack status has no meaning', () => {
  const both = ['2001:db8::1', '192.0.2.1'] as Address[]
  const marked = new Map([['metallb.io/ip-allocated-from-pool', 'lan']])
  const status = { ...bare, annotations: marked, ingress: both }
  const addresses = ['192.0.2.1', '2001:db8::1'] as Address[]
  expect(statusPatch(status, { ...assigned, addresses }, NOW)).toBeUndefined()
})

test('a Service that waits is told why once, and again only for another reason', () => {
  const first = statusPatch(bare, waiting, NOW) as { status: { conditions: Condition[] } }
  expect(first.status).toMatchObject({ conditions: [{ status: 'False', reason: 'PoolFull' }] })
  expect(first.status).not.toHaveProperty('loadBalancer')
  const told = { ...bare, conditions: first.status.conditions }
  expect(statusPatch(told, { ...waiting, message: 'other words' }, NOW)).toBeUndefined()
  const later = new Date('2026-02-02T00:00:00Z')
  const again = statusPatch(told, { ...waiting, reason: 'PoolClosed' }, later)
  // The status of the condition is the same, so it has not changed since.
  expect(again).toMatchObject({
    status: { conditions: [{ reason: 'PoolClosed', lastTransitionTime: '2026-01-02T03:04:05Z' }] },
  })
})

test('an address that is taken back takes both marks with it', () => {
  const status = {
    ...bare,
    annotations: new Map([
      ['metallb.io/ip-allocated-from-pool', 'lan'],
      ['metallb.universe.tf/ip-allocated-from-pool', 'lan'],
    ]),
    ingress: ['192.0.2.1'] as Address[],
  }
  expect(statusPatch(status, waiting, NOW)).toMatchObject({
    metadata: {
      annotations: {
        'metallb.io/ip-allocated-from-pool': null,
        'metallb.universe.tf/ip-allocated-from-pool': null,
      },
    },
    status: { loadBalancer: { ingress: [] } },
  })
})

test('the value of nodelb.io/renew is remembered when it is done', () => {
  const status = {
    ...bare,
    annotations: new Map([['metallb.io/ip-allocated-from-pool', 'lan']]),
    ingress: ['192.0.2.1'] as Address[],
  }
  const patch = statusPatch(status, { ...assigned, renewed: 'now' }, NOW)
  expect(patch).toMatchObject({ metadata: { annotations: { 'nodelb.io/renewed': 'now' } } })
})

test('a host name beside the address is replaced', () => {
  const marked = new Map([['metallb.io/ip-allocated-from-pool', 'lan']])
  const status = { ...bare, annotations: marked, ingress: assigned.addresses, otherIngress: true }
  expect(statusPatch(status, assigned, NOW)).toMatchObject({
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  })
})

test('another address beside our mark is replaced, and what we gave is remembered', () => {
  const status = {
    ...bare,
    annotations: new Map([
      ['metallb.io/ip-allocated-from-pool', 'lan'],
      ['nodelb.io/allocated', '192.0.2.1'],
    ]),
    ingress: ['198.51.100.99'] as Address[],
  }
  const patch = statusPatch(status, assigned, NOW)
  expect(patch).toMatchObject({ status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } })
  expect(patch).not.toHaveProperty('metadata.annotations')
})

test('a host name stays where there is no address to give', () => {
  const patch = statusPatch({ ...bare, otherIngress: true }, waiting, NOW)
  expect(patch).toMatchObject({ status: { conditions: [{ reason: 'PoolFull' }] } })
  expect(patch).not.toHaveProperty('status.loadBalancer')
})

test.each(['AskedFor', 'PoolNamed', 'PoolChosen', 'Joined', 'FamilyAdded', 'Kept'])(
  'a condition that says %s stays as long as the addresses are kept',
  (reason) => {
    const condition = { type: ADDRESS_ASSIGNED, status: 'True', reason, message: '' }
    const status: ServiceStatus = {
      ...bare,
      annotations: new Map([
        ['metallb.io/ip-allocated-from-pool', 'lan'],
        ['nodelb.io/allocated', '192.0.2.1'],
      ]),
      ingress: assigned.addresses,
      conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    }
    expect(statusPatch(status, { ...assigned, reason: 'Kept' }, NOW)).toBeUndefined()
  },
)

test.each(['Stranded', 'WishUnmet', 'FamilyMissing', 'PoolAddressKept', 'LeftAlone'])(
  'a condition that says %s is written anew when all is well again',
  (reason) => {
    const condition = { type: ADDRESS_ASSIGNED, status: 'True', reason, message: '' }
    const status: ServiceStatus = {
      ...bare,
      ingress: assigned.addresses,
      conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    }
    const patch = statusPatch(status, { ...assigned, reason: 'Kept' }, NOW)
    expect(patch).toMatchObject({ status: { conditions: [{ reason: 'Kept' }] } })
  },
)
