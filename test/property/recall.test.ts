import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address, Cidr } from '../../src/model/address.ts'
import { familyOf } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import {
  type NodePortAddresses,
  type NodeView,
  primaryAddresses,
  type Settings,
} from '../../src/model/node.ts'
import { heldInChains, heldInTables, recall } from '../../src/render/nftables/recall.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { KernelRuleset } from '../../src/ruleset/nftables/types.ts'
import { SeenNodes } from '../../src/watch/seen-nodes.ts'
import { chainsFor } from '../support/chains.ts'

const ADDRESSES = ['192.0.2.1', '192.0.2.2', '2001:db8:1::1', '2001:db8:1::2'] as Address[]
const RANGES = ['10.244.1.0/24', 'fd00:10:244:1::/64'] as Cidr[]

const nodes = fc.record({
  addresses: fc.uniqueArray(fc.constantFrom(...ADDRESSES)),
  podCidrs: fc.subarray(RANGES),
})

const view = (told: { addresses: Address[]; podCidrs: Cidr[] }): NodeView => ({
  name: 'node-a',
  zone: undefined,
  ...told,
})

const families = (values: readonly (Address | Cidr)[]) => new Set(values.map(familyOf))

test('a Node never loses a family that it had, and takes what it names', () => {
  fc.assert(
    fc.property(fc.array(nodes, { minLength: 1 }), (history) => {
      const seen = new SeenNodes('node-a', { leaving: () => undefined })
      const had = new Set<string>()
      for (const told of history) {
        seen.keep('node-a', { kind: 'node', node: view(told), leaving: false })
        const now = seen.view()
        for (const family of families(told.addresses)) had.add(family)
        expect(families(now?.addresses ?? [])).toEqual(had)
        for (const address of told.addresses) expect(now?.addresses).toContain(address)
        for (const address of now?.addresses ?? []) {
          const named = told.addresses.filter((it) => familyOf(it) === familyOf(address))
          expect(named.length === 0 || named.includes(address)).toBe(true)
        }
      }
    }),
  )
})

/** A Service of both families with a NodePort and a ClusterIP, which need the node's own sets. */
const clusterWith = (externalPolicy: 'cluster' | 'local') =>
  ({
    services: [
      {
        namespace: 'shop',
        name: 'web',
        created: '',
        clusterAddresses: ['10.96.0.10', 'fd00:10:96::10'] as Address[],
        externalAddresses: [],
        loadBalancerAddresses: [],
        sourceRanges: [],
        ports: [{ name: '', protocol: 'tcp', port: 80, nodePort: 30080 }],
        externalPolicy,
        internalPolicy: 'cluster',
        affinity: { kind: 'none' },
        healthCheckNodePort: undefined,
      },
    ],
    slices: (['10.244.1.10', 'fd00:10:244:1::10'] as Address[]).map((address) => ({
      namespace: 'shop',
      name: `web-${familyOf(address)}`,
      service: 'web',
      family: familyOf(address),
      ports: [{ name: '', protocol: 'tcp', port: 8080 }],
      endpoints: [{ address, ready: true, serving: true, terminating: false, nodeName: 'node-a' }],
    })),
  }) as unknown as Parameters<typeof renderCluster>[0]

const policies = fc.constantFrom('cluster' as const, 'local' as const)

const choices = fc.constantFrom<NodePortAddresses>(
  { kind: 'primary' },
  { kind: 'ranges', ranges: ['192.0.2.0/24', '2001:db8:1::/64'] as Cidr[], wholeFamilies: [] },
)

function settingsOf({ podCidrs }: NodeView, nodePortAddresses: NodePortAddresses): Settings {
  return {
    scope: 'all',
    target: 'pods',
    localTraffic: { kind: 'ranges', ranges: podCidrs, ofNode: true },
    nodePortAddresses,
    masqueradeAll: false,
    masqueradeBit: 14,
    serviceRanges: [],
    backend: nftablesBackend,
  }
}

test('what tables or chains hold of a node is recalled as far as its object says nothing', () => {
  fc.assert(
    fc.property(nodes, nodes, choices, policies, (before, after, choice, policy) => {
      const former = view(before)
      const chosen = settingsOf(former, choice)
      const rendered = renderCluster(clusterWith(policy), former, chosen).ruleset()
      const known = { node: view(after), settings: settingsOf(view(after), choice) }
      for (const held of [
        heldInTables(rendered as unknown as KernelRuleset),
        heldInChains(chainsFor(clusterWith(policy), former, chosen)),
      ]) {
        const { node, settings } = recall(known, held)
        expect(families(node.addresses)).toEqual(
          new Set([...families(before.addresses), ...families(after.addresses)]),
        )
        for (const address of after.addresses) expect(node.addresses).toContain(address)
        const named = families(after.addresses)
        const kept = (from: NodeView) =>
          (choice.kind === 'primary' ? primaryAddresses(from) : from.addresses).filter(
            (address) => !named.has(familyOf(address)),
          )
        expect(new Set(kept(node))).toEqual(new Set(kept(former)))
        const { localTraffic } = settings
        const ranges = localTraffic.kind === 'ranges' ? localTraffic.ranges : []
        expect(new Set(ranges)).toEqual(new Set([...before.podCidrs, ...after.podCidrs]))
        expect(recall({ node, settings }, held)).toEqual({ node, settings })
      }
    }),
  )
})
