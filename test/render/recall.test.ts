import { describe, expect, test } from 'vitest'
import type { Address, Cidr } from '../../src/model/address.ts'
import type { LocalTraffic, NodePortAddresses, NodeView, Settings } from '../../src/model/node.ts'
import {
  type HeldNode,
  heldInTables,
  mayRecall,
  recall,
  recalled,
} from '../../src/render/nftables/recall.ts'
import { SETS } from '../../src/ruleset/nftables/sets.ts'
import type { KernelRuleset } from '../../src/ruleset/nftables/types.ts'
import { shopNode, shopSettings } from '../support/shop.ts'

const bare: NodeView = { ...shopNode, addresses: [], podCidrs: [] }
const held: HeldNode = {
  addresses: ['192.0.2.1/32', '2001:db8:1::1/128'] as Cidr[],
  nodePorts: ['192.0.2.1/32'] as Cidr[],
  pods: ['10.244.1.0/24', 'fd00:10:244:1::/64'] as Cidr[],
}

function chosen(
  localTraffic: LocalTraffic,
  nodePortAddresses: NodePortAddresses = { kind: 'primary' },
): Settings {
  return { ...shopSettings, localTraffic, nodePortAddresses }
}

const ofNode = (...ranges: readonly string[]): LocalTraffic => ({
  kind: 'ranges',
  ranges: ranges as readonly Cidr[],
  ofNode: true,
})

describe('what the tables say is asked for', () => {
  const both = { ...shopNode, addresses: ['192.0.2.1', '2001:db8::1'] as Address[] }
  test.each<[string, NodeView, LocalTraffic, boolean]>([
    ['not if the Node names all', both, ofNode('10.244.1.0/24', 'fd00:10:244:1::/64'), false],
    ['not for pods that the Node does not tell', both, { kind: 'none' }, false],
    ['if the Node lacks an address of a family', shopNode, { kind: 'none' }, true],
    ['if the Node lacks a podCIDR of a family', both, ofNode('10.244.1.0/24'), true],
  ])('%s', (_, node, localTraffic, may) => {
    expect(mayRecall({ node, settings: chosen(localTraffic) })).toBe(may)
  })
})

describe('what is recalled is told', () => {
  const told = (node: NodeView, settings: Settings): readonly string[] => {
    const asked = { node, settings }
    return recalled(asked, recall(asked, held))
  }

  test('family by family, until the Node names another', () => {
    expect(told(bare, chosen(ofNode()))).toEqual([
      'Node node-a has no IPv4 address: NodePorts stay on 192.0.2.1 until the Node names another',
      'Node node-a has no IPv4 podCIDR: pods stay 10.244.1.0/24 until the Node names another',
      'Node node-a has no IPv6 address: NodePorts stay on 2001:db8:1::1 until the Node names another',
      'Node node-a has no IPv6 podCIDR: pods stay fd00:10:244:1::/64 until the Node names another',
    ])
    expect(told(shopNode, chosen(ofNode('10.244.1.0/24')))).toEqual([
      'Node node-a has no IPv6 address: NodePorts stay on 2001:db8:1::1 until the Node names another',
      'Node node-a has no IPv6 podCIDR: pods stay fd00:10:244:1::/64 until the Node names another',
    ])
  })

  test('not of pods that an interface tells, nor of NodePorts that every address has', () => {
    const settings = chosen({ kind: 'interface', name: 'cni0' }, { kind: 'all' })
    expect(told(bare, settings)).toEqual([])
    const { node, settings: used } = recall({ node: bare, settings }, held)
    expect(node.addresses).toEqual(['192.0.2.1', '2001:db8:1::1'])
    expect(used).toEqual(settings)
  })

  test('not of pods while what runs tells them by an interface still', () => {
    const asked = { node: shopNode, settings: chosen(ofNode('10.244.1.0/24')) }
    const used = { node: shopNode, settings: chosen({ kind: 'interface', name: 'cni0' }) }
    expect(recalled(asked, used)).toEqual([])
  })

  test('also of NodePorts on ranges that have the primary address among them', () => {
    const ranges = ['198.51.100.0/24'] as Cidr[]
    const among = (primary: object): NodePortAddresses => ({
      ...{ kind: 'ranges', ranges, wholeFamilies: [] },
      ...primary,
    })
    expect(told(bare, chosen({ kind: 'none' }, among({ primary: true })))).toEqual([
      'Node node-a has no IPv4 address: NodePorts stay on 192.0.2.1/32 until the Node names another',
    ])
    expect(told(bare, chosen({ kind: 'none' }, among({})))).toEqual([])
  })
})

test('what another program put into the sets, and is no range, is not taken for the node', () => {
  const ranges = ['192.0.2.1', '10.244.1.0-10.244.1.9'].map((key) => [key, {}] as const)
  const table = { family: 'ip', sets: new Map(), chains: new Map() } as const
  const elements = new Map([[SETS.nodeAddresses, new Map(ranges)]])
  const tables = { ip: { ...table, elements } } as unknown as KernelRuleset
  expect(heldInTables(tables)).toEqual({ addresses: ['192.0.2.1/32'], nodePorts: [], pods: [] })
})
