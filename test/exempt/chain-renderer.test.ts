import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChainRenderer } from '../../src/exempt/chain-renderer.ts'
import type { SessionRenderer } from '../../src/exempt/session-renderer.ts'
import { ownerOf } from '../../src/frontend/label-text.ts'
import type { Address } from '../../src/model/address.ts'
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
  renderer.settle()
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual(rulesAbout(held, web))
  renderer.setService(shopService('web'))
  renderer.settle()
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
  renderer.lowering.exempt(held, new Set([web]))
  renderer.refuse([{ service: web, reason: 'there is no memory' }])
  renderer.setService(shopService('web', { partial: true }))
  renderer.settle()
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
})

test('Services are lowered again without looking at what else changed', () => {
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  renderer.lowering.exempt({}, new Set([web]))
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual([])
  renderer.removeService('shop/web')
  renderer.lowerAgain([web])
  expect(renderer.lowering.rules()).toEqual(chainsOf(['10.244.1.2']))
  renderer.settle()
  expect(rulesAbout(renderer.lowering.rules(), web)).toEqual([])
})

test('an address that another Node gains stays with the Service, because only ipvs takes it away', () => {
  const renderer = new ChainRenderer(renderWeb(['10.244.1.2']))
  renderer.changeOtherNodes({ come: ['203.0.113.10' as Address], gone: [] })
  expect(renderer.settle().tables).toEqual([])
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
        chains.settle()
        elements.settle()
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
