import { expect, test } from 'vitest'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import { recordedServers } from '../../src/plan/ipvs/ownership.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { KernelRuleset } from '../../src/ruleset/nftables/types.ts'
import { holding } from '../support/kernel-model.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

function tablesWith(settings: Settings): KernelRuleset {
  const cluster = { services: [shopService('web')], slices: [shopSlice('web', ['10.244.1.1'])] }
  return holding(renderCluster(cluster, shopNode, settings).ruleset())
}

test('the table tells which virtual servers are of nodelb: none if nftables was the backend', () => {
  const backend = { kind: 'ipvs' as const, ...defaultIpvsSettings }
  const ofIpvs = recordedServers(tablesWith({ ...shopSettings, backend }))
  expect(ofIpvs).toEqual(new Set(['203.0.113.10 . tcp . 80']))
  expect(recordedServers(tablesWith(shopSettings))).toEqual(new Set())
  expect(recordedServers({})).toBeUndefined()
})
