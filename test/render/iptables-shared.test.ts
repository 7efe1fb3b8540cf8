import { describe, expect, test } from 'vitest'
import { ownerOf } from '../../src/frontend/label-text.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { vipKey } from '../../src/model/frontend-id.ts'
import type { NodePortAddresses } from '../../src/model/node.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import {
  createChains,
  type RenderedChains,
  renderChains,
  takeChainChanges,
} from '../../src/render/iptables/render.ts'
import { frontendChanges } from '../../src/render/iptables/served.ts'
import { CHAINS } from '../../src/ruleset/iptables/chains.ts'
import { rulesAbout } from '../support/chains.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const [api, web] = [ownerOf('shop/api'), ownerOf('shop/web')]
const HEALTH = 31_000 as Port

/** Two Services that ask for one health-check port, as files may have it. */
const local = (name: string, address: string): ServiceObject =>
  shopService(name, {
    clusterAddresses: [address.replace('203.0.113', '10.96.0') as Address],
    loadBalancerAddresses: [address as Address],
    externalPolicy: 'local',
    healthCheckPort: HEALTH,
  })
const services = [local('api', '203.0.113.11'), local('web', '203.0.113.10')]
const slices = [shopSlice('api', ['10.244.1.1']), shopSlice('web', ['10.244.1.2'])]

function healthChecks({ lowering }: RenderedChains): readonly string[] {
  return lowering.rules().ip?.get('filter')?.chains.get(CHAINS.healthChecks) ?? []
}

const open = (name: string): string =>
  `-p tcp -m tcp --dport 31000 -m comment --comment "shop/${name}:31000 health-check" -j ACCEPT`

test('a health-check port of two Services is open as long as one of them asks for it', () => {
  const chains = renderChains({ services, slices }, shopNode, shopSettings)
  expect(healthChecks(chains)).toEqual([open('api')])
  chains.services.removeService('shop/api')
  takeChainChanges(chains)
  expect(healthChecks(chains)).toEqual([open('web')])
  chains.services.setService(local('api', '203.0.113.11'))
  takeChainChanges(chains)
  expect(healthChecks(chains)).toEqual([open('api')])
  for (const name of ['shop/api', 'shop/web']) chains.services.removeService(name)
  takeChainChanges(chains)
  expect(healthChecks(chains)).toEqual([])
})

describe('what two exempt Services want', () => {
  test.each([[[api, web]], [[web, api]]])(
    'stays with the one that has it (exempt: %s)',
    (order) => {
      const [, ofWeb] = services
      if (ofWeb === undefined) throw new Error('no Service')
      const held = renderChains({ services: [ofWeb], slices }, shopNode, shopSettings)
      const vip = ofWeb.loadBalancerAddresses[0]
      const rival = { ...local('api', `${vip}`), created: '2025-01-01T00:00:00Z' }
      const chains = renderChains({ services: [rival, ofWeb], slices }, shopNode, shopSettings)
      expect(healthChecks(chains)).toEqual([open('api')])
      for (const owner of order) chains.lowering.exempt(held.lowering.rules(), new Set([owner]))
      expect(chains.lowering.exemptServices()).toEqual(new Set(order))
      expect(healthChecks(chains)).toEqual([open('web')])
      expect(rulesAbout(chains.lowering.rules(), api)).toEqual([])
      expect(rulesAbout(chains.lowering.rules(), web)).toEqual(
        rulesAbout(held.lowering.rules(), web),
      )
      for (const owner of order) chains.lowering.readmit(owner)
      chains.lowering.takeChanges()
      expect(healthChecks(chains)).toEqual([open('api')])
    },
  )
})

test('a chain of one VIP has its label, and a shared chain has none', () => {
  const chains = createChains(shopNode, shopSettings)
  for (const service of services) chains.services.setService(service)
  for (const slice of slices) chains.services.setSlice(slice)
  takeChainChanges(chains)
  const { lowering } = chains
  const mine = [...(lowering.rules().ip?.get('nat')?.chains.keys() ?? [])]
    .map((name) => [name, lowering.labelOf('ip', name)] as const)
    .filter(([, label]) => label !== undefined)
  expect(mine).toEqual([
    ['NODELB-E-203.0.113.10-tcp-80', 'shop/web:80 load-balancer'],
    ['NODELB-E-203.0.113.11-tcp-80', 'shop/api:80 load-balancer'],
    ['NODELB-S-10.96.0.10-tcp-80', 'shop/web:80 cluster-ip'],
    ['NODELB-S-10.96.0.11-tcp-80', 'shop/api:80 cluster-ip'],
    ['NODELB-S-203.0.113.10-tcp-80', 'shop/web:80 load-balancer'],
    ['NODELB-S-203.0.113.11-tcp-80', 'shop/api:80 load-balancer'],
  ])
  expect(lowering.labelOf('ip', CHAINS.vips)).toBeUndefined()
  expect(lowering.labelOf('ip6', 'NODELB-S-203.0.113.10-tcp-80')).toBeUndefined()
})

describe('what changes for frontends', () => {
  const changesOf = (before: readonly string[], after: readonly string[]) => {
    const chains = renderChains({ services, slices }, shopNode, shopSettings)
    chains.services.setSlice(shopSlice('web', before))
    takeChainChanges(chains)
    chains.services.setSlice(shopSlice('web', after))
    return frontendChanges(takeChainChanges(chains).fronts).map(({ id, gone }) => [id, [...gone]])
  }

  test('is told of endpoints that come, go or are others', () => {
    const [one, two] = ['10.244.1.2', '10.244.1.3']
    expect(changesOf([one], [two])).toEqual([
      [vipKey('10.96.0.10', 'tcp', 80), [`${one} . 8080`]],
      [vipKey('203.0.113.10', 'tcp', 80), [`${one} . 8080`]],
    ])
    expect(changesOf([one, two], [two, one])).toEqual([])
    expect(changesOf([one, two], [two])).toHaveLength(2)
  })

  test('is about NodePorts at the addresses that answer them', () => {
    const answers = (nodePortAddresses: NodePortAddresses, address: string) =>
      createChains(shopNode, { ...shopSettings, nodePortAddresses })
        .lowering.served()
        .answersNodePorts('ip', address as Address)
    expect(answers({ kind: 'primary' }, '192.0.2.1')).toBe(true)
    expect(answers({ kind: 'primary' }, '192.0.2.2')).toBe(false)
    expect(answers({ kind: 'all' }, '192.0.2.2')).toBe(true)
  })
})

test('a slice that goes to another Service leaves the former without its endpoints', () => {
  const chains = renderChains({ services, slices }, shopNode, shopSettings)
  const [slice] = slices
  if (slice === undefined) throw new Error('no slice')
  chains.services.setSlice({ ...slice, service: 'web' })
  takeChainChanges(chains)
  const podsOf = (address: string) =>
    chains.lowering.served().endpoints({ family: 'ip', id: vipKey(address, 'tcp', 80) })
  expect(podsOf('203.0.113.10')).toEqual(new Set(['10.244.1.1 . 8080', '10.244.1.2 . 8080']))
  expect(podsOf('203.0.113.11')).toEqual(new Set())
})
