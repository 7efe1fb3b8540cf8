import { expect, test } from 'vitest'
import { withExempt } from '../../src/exempt/with-exempt.ts'
import { ownerOf } from '../../src/frontend/label-text.ts'
import type { Address } from '../../src/model/address.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Ruleset } from '../../src/ruleset/nftables/types.ts'
import { holding } from '../support/kernel-model.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const api = shopService('api', { loadBalancerAddresses: ['203.0.113.11' as Address] })

function tablesWith(pods: readonly string[]): Ruleset {
  const slices = [shopSlice('web', pods), shopSlice('api', ['10.244.1.9'])]
  return renderCluster(
    { services: [shopService('web'), api], slices },
    shopNode,
    shopSettings,
  ).ruleset()
}

test('a Service that is kept has nothing of what is wanted for it now', () => {
  const before = tablesWith(['10.244.1.1'])
  const now = tablesWith(['10.244.1.2', '10.244.1.3'])
  const kept = withExempt(holding(before), now, new Set([ownerOf('shop/web')]), shopSettings)
  const endpoints = (tables: Ruleset): (string | undefined)[] =>
    [...(tables.ip?.elements.get('endpoints')?.values() ?? [])].map(({ data }) => data)
  expect(endpoints(kept).sort()).toEqual(endpoints(before).sort())
  expect(endpoints(kept)).not.toEqual(endpoints(now))
  expect([...(kept.ip?.sets.keys() ?? [])].sort()).toEqual(
    [...(before.ip?.sets.keys() ?? [])].sort(),
  )
})
