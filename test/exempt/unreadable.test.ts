import { expect, test } from 'vitest'
import { type ReadCluster, unreadableInTables } from '../../src/exempt/unreadable.ts'
import type { Address } from '../../src/model/address.ts'
import { renderCluster } from '../../src/render/render.ts'
import { holding } from '../support/kernel-model.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

const web = shopService('web')
const api = shopService('api', { loadBalancerAddresses: ['203.0.113.11' as Address] })
const slices = [shopSlice('web', ['10.244.1.1']), shopSlice('api', ['10.244.1.2'])]

const rendered = renderCluster({ services: [web, api], slices }, shopNode, shopSettings)
const tables = holding(rendered.ruleset())

/** Which of the Services in the tables stay as they are there. */
function staying(read: ReadCluster): readonly string[] {
  return [...unreadableInTables(tables, read)].sort()
}

test('where everything can be read, no Service stays for want of its object', () => {
  expect(staying({ cluster: { services: [web], slices } })).toEqual([])
  expect(staying({ cluster: { services: [], slices: [] }, unreadable: new Set() })).toEqual([])
})

test('a Service that cannot be read stays if the tables have it', () => {
  const unreadable = new Set(['shop/web', 'shop/new'])
  expect(staying({ cluster: { services: [api], slices }, unreadable })).toEqual(['shop/web'])
})

test('where part of the input cannot be read, a Service stays unless its object and a slice can', () => {
  const incomplete = true
  expect(staying({ cluster: { services: [], slices: [] }, incomplete })).toEqual([
    'shop/api',
    'shop/web',
  ])
  expect(staying({ cluster: { services: [web, api], slices }, incomplete })).toEqual([])
  const withoutSlice = { services: [web, api], slices: slices.slice(0, 1) }
  expect(staying({ cluster: withoutSlice, incomplete })).toEqual(['shop/api'])
  const unreadable = new Set(['shop/web'])
  expect(staying({ cluster: { services: [web, api], slices }, incomplete, unreadable })).toEqual([
    'shop/web',
  ])
})
