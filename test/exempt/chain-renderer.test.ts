import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChainRenderer } from '../../src/exempt/chain-renderer.ts'
import type { SessionRenderer } from '../../src/exempt/session-renderer.ts'
import { ownerOf } from '../../src/frontend/label-text.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { vipKey } from '../../src/model/frontend-id.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import {
  createChains,
  type RenderedChains,
  renderChains,
} from '../../src/render/iptables/render.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { rulesAbout } from '../support/chains.ts'
import { change } from '../support/changes.ts'
import { names, namespace, node, settings } from '../support/random-cluster.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const web = ownerOf('shop/web')

const vip = vipKey('203.0.113.10', 'tcp', 80)

test('a Service of which a part cannot be read stays until all of it can, or it is refused', () => {
  const held = chainsOf(['10.244.1.1'])
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  renderer.lowering.exempt(held, new Set([web]))
  renderer.setService(shopService('web', { partial: true }))
  renderer.takeChanges()
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual(rulesAbout(held, web))
  renderer.setService(shopService('web'))
  renderer.takeChanges()
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
  renderer.lowering.exempt(held, new Set([web]))
  renderer.refuse([{ service: web, reason: 'there is no memory' }])
  renderer.setService(shopService('web', { partial: true }))
  renderer.takeChanges()
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
})

test('Services are lowered again without looking at what else changed', () => {
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  renderer.lowering.exempt({}, new Set([web]))
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual([])
  renderer.removeService('shop/web')
  renderer.lowerAgain([web])
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
  renderer.takeChanges()
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual([])
})

describe('what another Service gives up', () => {
  const shared = {
    clusterAddresses: ['10.96.0.10' as Address],
    loadBalancerAddresses: ['203.0.113.11' as Address],
    externalPolicy: 'local',
    healthCheckPort: 31_000 as Port,
  } as const
  const heir = shopService('web', {
    ...shared,
    created: '2026-02-01T00:00:00Z',
    loadBalancerAddresses: ['203.0.113.10', '203.0.113.11'] as Address[],
  })
  const slices = [shopSlice('web', ['10.244.1.1']), shopSlice('api', ['10.244.1.2'])]
  const both = { services: [heir, shopService('api', shared)], slices }
  const after = renderChains({ services: [heir], slices }, shopNode, shopSettings)

  test('waits as long as the Service that is to get it cannot be read', () => {
    const renderer = new ChainRenderer(renderChains(both, shopNode, shopSettings))
    const held = renderer.lowering.rules()
    renderer.lowering.exempt(held, new Set([web]))
    renderer.removeService('shop/api')
    renderer.takeChanges()
    expect(rulesAbout(renderer.lowering.rules(), web)).toEqual(rulesAbout(held, web))
    expect(rulesAbout(renderer.lowering.rules(), 'shop/api')).toEqual([])
    renderer.readmit('shop/web')
    renderer.takeChanges()
    expect(renderer.lowering.rules()).toEqual(after.lowering.rules())
  })

  test('goes to a Service that is read, though one that is not would have it otherwise', () => {
    const without = { services: [heir], slices }
    const renderer = new ChainRenderer(renderChains(without, shopNode, shopSettings))
    renderer.lowering.exempt({}, new Set([web]))
    renderer.setService(shopService('api', { loadBalancerAddresses: ['203.0.113.11' as Address] }))
    renderer.takeChanges()
    expect(rulesAbout(renderer.lowering.rules(), web)).toEqual([])
    expect(rulesAbout(renderer.lowering.rules(), 'shop/api')).not.toEqual([])
  })

  test('is one more reason to try a refused Service again', () => {
    const renderer = new ChainRenderer(renderChains(both, shopNode, shopSettings))
    renderer.lowering.exempt({}, new Set([web]))
    renderer.refuse([{ service: web, reason: 'there is no memory' }])
    renderer.removeService('shop/api')
    renderer.takeChanges()
    expect(renderer.refusals().size).toBe(0)
    expect(renderer.lowering.rules()).toEqual(after.lowering.rules())
  })
})

test('an address that another Node gains stays with the Service, because only ipvs takes it away', () => {
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  renderer.changeOtherNodes({ come: ['203.0.113.10' as Address], gone: [] })
  expect(renderer.takeChanges().tables).toEqual([])
  expect(renderer.denials()).toEqual([])
})

test('a frontend has the label of its Service while it is exempt, too', () => {
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  expect(renderer.label('ip', vip)).toBe('shop/web:80 load-balancer')
  renderer.lowering.exempt({}, new Set([web]))
  expect(renderer.label('ip', vip)).toBe('shop/web:80 load-balancer')
  expect(renderer.label('ip6', vip)).toBeUndefined()
})

test('what Services ask for and do not get is the same as with nftables', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 10 }), settings, (changes, chosen) => {
      const chains = new ChainRenderer(createChains(node, chosen))
      const elements = createRenderer(node, chosen)
      for (const make of changes) {
        for (const to of [chains, elements]) make(to)
        chains.takeChanges()
        elements.takeChanges()
        expect(told(chains)).toEqual(told(elements))
      }
    }),
    { numRuns: 30 },
  )
})

function told(renderer: Omit<SessionRenderer, 'readmit'>): unknown {
  const owners = names.map((name) => ownerOf(`${namespace}/${name}`))
  return [
    renderer.denials(),
    renderer.takeDenials(),
    renderer.services(),
    renderer.situation,
    owners.map((owner) => renderer.nameOf(owner)),
  ]
}

function renderWeb(pods: readonly string[]): RenderedChains {
  const cluster = { services: [shopService('web')], slices: [shopSlice('web', pods)] }
  return renderChains(cluster, shopNode, shopSettings)
}

function chainsOf(pods: readonly string[]): IptablesRuleset {
  return renderWeb(pods).lowering.rules()
}
