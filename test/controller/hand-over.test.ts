import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutOverlap } from '../../src/controller/hand-over.ts'
import type { WantedStatus } from '../../src/controller/status-patch.ts'
import type { Address } from '../../src/model/address.ts'
import { controlled, ModelServer } from './model-server.ts'

const marks = (address: string): object => ({
  'metallb.io/ip-allocated-from-pool': 'lan',
  'nodelb.io/allocated': address,
})

function lan(...addresses: readonly string[]): object {
  return {
    metadata: { namespace: 'kube-system', name: 'lan', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { addresses },
  }
}

interface Given {
  readonly type?: string
  readonly address?: string
  readonly annotations?: object
}

function service(name: string, { type = 'LoadBalancer', address, annotations }: Given = {}) {
  return {
    metadata: {
      namespace: 'shop',
      name,
      annotations: { ...(address !== undefined && marks(address)), ...annotations },
    },
    spec: {
      ...{ type, clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'] },
      ports: [{ port: 80, protocol: 'TCP' }],
    },
    status: { loadBalancer: address === undefined ? {} : { ingress: [{ ip: address }] } },
  }
}

test('an address is given only after the Service that had it has let it go', async () => {
  const server = new ModelServer()
  server.put(service('was', { address: '192.0.2.10' }))
  const services = [service('waits'), service('was', { type: 'ClusterIP', address: '192.0.2.10' })]
  const given = () => server.addressesOf('shop/waits').join() === '192.0.2.10'
  await controlled(server, [lan('192.0.2.10/32')], services, given)
  expect(server.breaches).toEqual([])
  expect(server.addressesOf('shop/was')).toEqual([])
})

test('a status that was written is not written again in the next round', async () => {
  const server = new ModelServer()
  server.put(service('was', { address: '192.0.2.12' }))
  const services = [
    service('a'),
    service('b'),
    service('late', { annotations: { 'metallb.io/loadBalancerIPs': '192.0.2.12' } }),
    service('was', { type: 'ClusterIP', address: '192.0.2.12' }),
  ]
  // It has to wait for the second round.
  const given = () => server.addressesOf('shop/late').join() === '192.0.2.12'
  await controlled(server, [lan('192.0.2.10-192.0.2.12')], services, given)
  expect(server.written.sort()).toEqual(['shop/a', 'shop/b', 'shop/late', 'shop/was'])
})

test('who moves makes room before the next one comes', async () => {
  const server = new ModelServer()
  server.put(service('b', { address: '192.0.2.10' }))
  server.put(service('c', { address: '192.0.2.11' }))
  const asks = (address: string) => ({ 'metallb.io/loadBalancerIPs': address })
  const services = [
    service('a', { annotations: asks('192.0.2.10') }),
    service('b', { address: '192.0.2.10', annotations: asks('192.0.2.11') }),
    service('c', { address: '192.0.2.11', annotations: asks('192.0.2.12') }),
  ]
  const given = () => server.addressesOf('shop/a').join() === '192.0.2.10'
  await controlled(server, [lan('192.0.2.10-192.0.2.12')], services, given)
  expect(server.breaches).toEqual([])
  expect(server.addressesOf('shop/b')).toEqual(['192.0.2.11'])
  expect(server.addressesOf('shop/c')).toEqual(['192.0.2.12'])
})

test('two Services that get each other’s address never have one together', async () => {
  const server = new ModelServer()
  server.put(service('a', { address: '192.0.2.11' }))
  server.put(service('b', { address: '192.0.2.10' }))
  const annotations = { 'nodelb.io/renew': '1' }
  const services = [
    service('a', { address: '192.0.2.11', annotations }),
    service('b', { address: '192.0.2.10', annotations }),
  ]
  const given = () =>
    server.addressesOf('shop/a').join() === '192.0.2.10' &&
    server.addressesOf('shop/b').join() === '192.0.2.11'
  await controlled(server, [lan('192.0.2.10-192.0.2.11')], services, given)
  expect(server.breaches).toEqual([])
})

/** From which address each of the Services moves to which one; 0 is none. */
const moves = fc.nat({ max: 8 }).chain((size) => {
  const addresses = [...Array.from({ length: size }, (_, i) => i + 1), ...Array(size).fill(0)]
  const places = fc.shuffledSubarray(addresses, { minLength: size, maxLength: size })
  return fc.tuple(places, places)
})

const toAddresses = (numbers: readonly number[]): readonly Address[] =>
  numbers.filter((each) => each > 0).map((each) => `192.0.2.${each}` as Address)

function wanting(addresses: readonly Address[]): WantedStatus {
  const rest = { renewed: undefined, finalizers: undefined, reason: 'AskedFor', message: '' }
  return { addresses, pool: 'lan', ...rest }
}

test('whoever moves where, all arrive, and no two have an address at the same time', () => {
  fc.assert(
    fc.property(moves, fc.infiniteStream(fc.nat()), ([from, to], draws) => {
      const has = new Map(from.map((each, i) => [`shop/${i}`, toAddresses([each])]))
      const wanted = new Map(to.map((each, i) => [`shop/${i}`, wanting(toAddresses([each]))]))
      // Each turn frees or fills a place, so twice as many turns as Services are enough.
      for (let turn = 0; turn <= 2 * from.length; turn++) {
        const now = withoutOverlap(wanted, (service) => has.get(service) ?? [])
        const order = [...now].map((each) => ({ each, at: draws.next().value ?? 0 }))
        for (const { each } of order.toSorted((a, b) => a.at - b.at)) {
          has.set(each[0], each[1].addresses)
          const held = [...has.values()].flat()
          expect(new Set(held).size).toBe(held.length)
        }
      }
      expect([...has.values()]).toEqual([...wanted.values()].map(({ addresses }) => addresses))
    }),
  )
})
