import { expect, test } from 'vitest'
import type { Cidr } from '../../src/model/address.ts'
import type { ClusterInput } from '../../src/view/cluster/cluster-input.ts'
import { clusterMatters } from '../../src/view/cluster/cluster-matters.ts'
import { servedBy } from '../../src/view/cluster/served.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const situation = { node: shopNode, settings: { ...shopSettings, scope: 'load-balancer' as const } }

test('endpoints of all slices count, and who has a contested address is said', () => {
  const services = [
    shopService('older'),
    shopService('younger', { created: '2026-02-01T00:00:00Z' }),
    shopService('lonely', { loadBalancerAddresses: [] }),
  ]
  const slices = [
    shopSlice('older', ['10.244.1.10']),
    { ...shopSlice('older', ['10.244.1.11']), name: 'older-2' },
  ]
  const served = servedBy({ services, slices }, situation)
  const older = served.services.find(({ service }) => service === 'shop/older')
  expect(older?.frontends).toMatchObject([{ state: 'serves', endpoints: 2 }])
  const younger = served.services.find(({ service }) => service === 'shop/younger')
  expect(younger?.frontends).toMatchObject([{ state: 'contested' }])
  expect(told(served)).toContainEqual({
    about: 'shop/younger',
    text: '203.0.113.10:80/tcp is served for shop/older, which goes before',
  })
})

test('an address that no Service may have is told with its reason', () => {
  const settings = { ...situation.settings, serviceRanges: ['203.0.113.0/24' as Cidr] }
  const services = [shopService('web')]
  const served = servedBy({ services, slices: [] }, { ...situation, settings })
  expect(served.services[0]?.frontends).toMatchObject([{ state: 'refused' }])
  expect(told(served)).toEqual([{ about: 'shop/web', text: expect.stringContaining('203.0.113') }])
})

test('an address without endpoints refuses connections', () => {
  const served = servedBy({ services: [shopService('web')], slices: [] }, situation)
  expect(told(served)).toEqual([
    {
      about: 'shop/web',
      text: 'no endpoint is ready: 203.0.113.10:80/tcp refuses connections',
    },
  ])
})

function told(served: ClusterInput['served']) {
  return clusterMatters({
    at: '2026-01-01T00:00:00Z',
    unread: { agents: true, lease: true, announcers: true, told: true },
    ...{
      nodes: [],
      agents: [],
      told: [],
      lease: undefined,
      served,
      waiting: [],
      usage: [],
      given: [],
    },
    ...{ announcers: [], silent: [], problems: [], warnings: [] },
  })
}
