import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateNodes } from '../../src/allocate/allocate-nodes.ts'
import type { Allocation } from '../../src/allocate/allocation.ts'
import type { CandidateNode, NodeClaimant } from '../../src/allocate/nodes-world.ts'
import { printReason } from '../../src/allocate/print-reason.ts'
import type { Address, IpFamily } from '../../src/model/address.ts'
import { claimantOf, isSame, nodeOf, written } from '../allocate/node-worlds.ts'
import { runs } from '../support/runs.ts'

const ENABLE = 'svccontroller.k3s.cattle.io/enablelb'
const LBPOOL = 'svccontroller.k3s.cattle.io/lbpool'
const NODES = ['a', 'b', 'c', 'd', 'e']

/** Few addresses, so that Nodes have some in common. */
const external = fc.constantFrom('198.51.100.1', '198.51.100.2', '2001:db8::1')

function nodes(outside: boolean): fc.Arbitrary<readonly CandidateNode[]> {
  const facts = fc.record({
    ready: fc.integer({ min: 0, max: 3 }).map((drawn) => drawn > 0),
    labels: fc.dictionary(fc.constantFrom(ENABLE, LBPOOL), fc.constantFrom('true', 'edge'), {
      maxKeys: 1,
    }),
    six: fc.boolean(),
    external: outside ? fc.uniqueArray(external, { maxLength: 2 }) : fc.constant([]),
  })
  return fc.array(facts, { minLength: 1, maxLength: NODES.length }).map((drawn) =>
    drawn.map(({ ready, labels, six, external }, i) => {
      const internal = [`192.0.2.${i + 1}`, ...(six ? [`fd00::${i + 1}`] : [])]
      return nodeOf(NODES[i] ?? '', internal, { ready, labels, external })
    }),
  )
}

const held = fc.oneof(
  fc.nat(4).map((i) => `192.0.2.${i + 1}`),
  fc.nat(4).map((i) => `fd00::${i + 1}`),
  external,
  fc.constant('203.0.113.9'),
)

const families = fc.constantFrom<readonly [IpFamily, ...IpFamily[]]>(
  ...([['ipv4'], ['ipv6'], ['ipv4', 'ipv6'], ['ipv6', 'ipv4']] as const),
)

const claimants = fc
  .array(
    fc.record({
      created: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'),
      families,
      lbpool: fc.constantFrom(undefined, 'edge'),
      podNodes: fc.option(
        fc.subarray(NODES).map((names) => new Set(names)),
        { nil: undefined },
      ),
      ports: fc.uniqueArray(fc.constantFrom(80, 443, 53), { minLength: 1, maxLength: 2 }),
      held: fc.uniqueArray(held, { maxLength: 3 }),
      leaving: fc.boolean(),
    }),
    { maxLength: 7 },
  )
  .map((drawn) => drawn.map((facts, i) => claimantOf(`s${i}`, facts)))

const worlds = fc.record({ nodes: nodes(true), claimants })
const insideOnly = fc.record({ nodes: nodes(false), claimants })
const options = { numRuns: runs(4000) }

function addressesOf({ grants }: Allocation, claimant: NodeClaimant): readonly Address[] {
  const grant = grants.find((each) => isSame(each, claimant))
  return (grant?.addresses ?? []).map(({ address }) => address)
}

/** `address port` for each port that a Service has. */
function takenBy(allocation: Allocation, claimant: NodeClaimant): readonly string[] {
  return addressesOf(allocation, claimant).flatMap((address) =>
    claimant.sharing.ports.map(({ protocol, port }) => `${address} ${protocol} ${port}`),
  )
}

test('the order of Nodes and Services does not show', () => {
  fc.assert(
    fc.property(worlds, ({ nodes, claimants }) => {
      const turned = { nodes: nodes.toReversed(), claimants: claimants.toReversed() }
      expect(allocateNodes(turned)).toEqual(allocateNodes({ nodes, claimants }))
    }),
    options,
  )
})

test('what is written is allocated the same again', () => {
  fc.assert(
    fc.property(worlds, ({ nodes, claimants }) => {
      const first = allocateNodes({ nodes, claimants })
      const again = allocateNodes({ nodes, claimants: written(claimants, first) })
      for (const each of claimants) {
        expect(addressesOf(again, each)).toEqual(addressesOf(first, each))
      }
    }),
    options,
  )
})

test('no two Services have one port of one Node', () => {
  fc.assert(
    fc.property(worlds, ({ nodes, claimants }) => {
      const allocation = allocateNodes({ nodes, claimants })
      const ofNode = (address: string): string =>
        nodes.find((node) => [...node.internal, ...node.external].some((each) => each === address))
          ?.name ?? address
      const all = claimants.flatMap((each) => {
        const places = addressesOf(allocation, each).map(ofNode)
        return [...new Set(places)].flatMap((place) =>
          each.sharing.ports.map(({ protocol, port }) => `${place} ${protocol} ${port}`),
        )
      })
      expect(new Set(all).size).toBe(all.length)
    }),
    options,
  )
})

test('what is settled stays when a younger Service comes', () => {
  fc.assert(
    fc.property(worlds, ({ nodes, claimants }) => {
      const settled = written(claimants, allocateNodes({ nodes, claimants }))
      const young = claimantOf('young', { created: '', ports: [80, 443, 53] })
      const before = allocateNodes({ nodes, claimants: settled })
      const after = allocateNodes({ nodes, claimants: [...settled, young] })
      for (const each of settled)
        expect(addressesOf(after, each)).toEqual(addressesOf(before, each))
    }),
    options,
  )
})

test('where no Node has an ExternalIP, no Service loses a port when another Service goes', () => {
  fc.assert(
    fc.property(insideOnly, fc.nat(6), ({ nodes, claimants }, index) => {
      const first = allocateNodes({ nodes, claimants })
      const rest = written(claimants, first).filter((_, i) => i !== index)
      const after = allocateNodes({ nodes, claimants: rest })
      for (const each of rest) {
        expect(takenBy(after, each)).toEqual(expect.arrayContaining([...takenBy(first, each)]))
      }
    }),
    options,
  )
})

test('a holder loses a Node only to an older holder, or because the Node no longer serves it', () => {
  fc.assert(
    fc.property(insideOnly, ({ nodes, claimants }) => {
      const allocation = allocateNodes({ nodes, claimants })
      for (const loser of claimants) {
        const { reason } = allocation.grants.find((each) => isSame(each, loser)) ?? {}
        if (reason?.kind !== 'on-nodes' && reason?.kind !== 'no-node') continue
        const barred = reason.barred.flatMap(({ nodes, bar }) =>
          nodes.map((node) => ({ node, bar })),
        )
        for (const { node, bar } of barred) {
          if (bar.kind !== 'port-taken') continue
          const own = nodes.find(({ name }) => name === node)?.internal ?? []
          const holds = ({ held }: NodeClaimant): boolean =>
            held.some(({ address }) => own.includes(address))
          const winner = claimants.find(({ name }) => `shop/${name}` === bar.holder)
          if (holds(loser)) expect(winner && holds(winner)).toBe(true)
        }
      }
    }),
    options,
  )
})

test('a Service that waits is told why for every Node', () => {
  fc.assert(
    fc.property(worlds, ({ nodes, claimants }) => {
      for (const { addresses, reason } of allocateNodes({ nodes, claimants }).grants) {
        expect(printReason(reason)).not.toMatch(/undefined|\[object/)
        if (reason.kind !== 'no-node') continue
        expect(addresses).toEqual([])
        const told = new Set(reason.barred.flatMap(({ nodes }) => nodes))
        expect([...told].sort()).toEqual(nodes.map(({ name }) => name).sort())
      }
    }),
    options,
  )
})
