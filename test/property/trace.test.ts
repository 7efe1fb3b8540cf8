import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Address, Cidr } from '../../src/model/address.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { Ruleset } from '../../src/ruleset/nftables/types.ts'
import { type Path, trace } from '../../src/trace/nftables/trace.ts'
import type { Reading } from '../../src/trace/outcome.ts'
import type { Clients } from '../../src/trace/packet.ts'
import { kernelModel } from '../support/kernel-model.ts'
import { cluster, node, stickyClusters } from '../support/random-cluster.ts'
import { aimed, facts, packet, possible, view, vrfFacts } from '../support/random-packets.ts'
import { isLong, runs } from '../support/runs.ts'
import { type Demand, demandOf, type World } from '../support/service-semantics.ts'
import { type Followed, type TracedBackend, tracedBackends } from '../support/traced-backends.ts'

const CLUSTERS = runs(2_000)

/** As a plain reading speaks: each endpoint with its odds. */
type Answer =
  | { readonly kind: 'dropped' | 'refused' | 'untouched' }
  | { readonly kind: 'delivered'; readonly to: readonly string[] }

function demanded(demand: Demand): Answer {
  if (demand.kind !== 'delivered') return demand
  const odds = (1 / demand.to.length).toFixed(6)
  return {
    kind: 'delivered',
    to: demand.to.map(({ address, port, sees }) => `${address} ${port} ${sees} ${odds}`).sort(),
  }
}

/** As far as the demand says what an endpoint sees. */
function traced({ ways }: Followed, demand: Demand): Answer {
  const unclear = new Set(
    demand.kind === 'delivered'
      ? demand.to.filter(({ sees }) => sees === 'either').map(({ address }) => address)
      : [],
  )
  const sees = (address: Address, kind: string) => (unclear.has(address) ? 'either' : kind)
  const outcomes = ways.map(({ odds, reading }) => ({ odds, outcome: reading.outcome }))
  const kinds = new Set(outcomes.map(({ outcome }) => outcome.kind))
  expect(kinds.size).toBe(1)
  const to = outcomes.flatMap(({ odds, outcome }) =>
    outcome.kind === 'delivered'
      ? [
          `${outcome.address} ${outcome.port} ${sees(outcome.address, outcome.source.kind)} ${odds.toFixed(6)}`,
        ]
      : [],
  )
  const [kind] = kinds
  return kind === 'delivered' || kind === undefined
    ? { kind: 'delivered', to: to.sort() }
    : { kind }
}

/** Whether the client is remembered, by each way on which it is led somewhere. */
function stickiness({ ways }: Followed): readonly boolean[] {
  const led = ways.filter(({ reading }) => reading.outcome.kind === 'delivered')
  return [...new Set(led.map(({ reading }) => reading.sticky))]
}

function stickinessDemanded(demand: Demand): readonly boolean[] {
  return demand.kind === 'delivered' ? [demand.sticky] : []
}

/** The same cluster for another backend. */
function settingsFor({ name }: TracedBackend, chosen: Settings): Settings {
  switch (name) {
    case 'nftables':
      return chosen
    case 'iptables':
      return {
        ...chosen,
        backend: { kind: 'iptables', flavour: 'auto', loopbackNodePorts: loopbackOf(chosen) },
      }
    case 'ipvs':
      return { ...chosen, target: 'pods', backend: { kind: 'ipvs', ...defaultIpvsSettings } }
  }
}

/** In every other world that has NodePorts at all. */
function loopbackOf({ scope, masqueradeAll }: Settings): Cidr[] {
  return scope === 'all' && masqueradeAll ? ['127.0.0.0/8' as Cidr] : []
}

test(`${CLUSTERS} random clusters: all backends do with random packets what the objects demand`, () => {
  const seen = new Map(tracedBackends.map(({ name }) => [name, new Set<string>()]))
  fc.assert(
    fc.property(
      cluster,
      possible,
      fc.array(fc.tuple(packet, fc.nat()), { minLength: 20, maxLength: 20 }),
      fc.constantFrom(facts, vrfFacts),
      (each, chosen, packets, facts) => {
        const { addresses: own, inVrf } = facts
        for (const backend of tracedBackends) {
          const { name, ways } = backend
          const settings = settingsFor(backend, chosen)
          const world: World = { cluster: each, node, settings, own, inVrf, ways }
          const walker = backend.start().program(each, view, settings)
          for (const [random, lot] of packets) {
            const sent = lot % 2 === 0 ? random : aimed(random, each, lot >> 1)
            const found = walker.follow(sent, facts)
            const what = `${name}: ${JSON.stringify(sent)}`
            const demand = demandOf(world, sent)
            expect(traced(found, demand), what).toEqual(demanded(demand))
            expect(stickiness(found), what).toEqual(stickinessDemanded(demand))
            expect(found.doubts, what).toEqual([])
            for (const { reading } of found.ways) seen.get(name)?.add(told(reading))
          }
        }
      },
    ),
    { numRuns: CLUSTERS },
  )
  for (const { name } of tracedBackends) {
    const all = name === 'ipvs' ? [...EVERYTHING, LEFT].sort() : EVERYTHING
    const found = [...(seen.get(name) ?? [])].sort()
    // The rarest outcomes take more clusters than there are in `npm test`.
    if (isLong) expect(found, name).toEqual(all)
    else expect(all, name).toEqual(expect.arrayContaining(found))
  }
})

/** An outcome with its reason. */
function told({ outcome }: Reading): string {
  if (outcome.kind === 'delivered') return `${outcome.source.kind}: ${outcome.source.why}`
  return `${outcome.kind}: ${outcome.why}`
}

/** What random packets meet; no drop and no reject without its reason is among them. */
const EVERYTHING = [
  'client: from-pods',
  'client: pods-not-known',
  'client: policy-local',
  'dropped: no-local-endpoints',
  'dropped: source-not-listed',
  'dropped: unallocated-address',
  'node: from-this-node',
  'node: hairpin',
  'node: masquerade-all',
  'node: not-from-pods',
  'node: policy-cluster',
  'refused: no-endpoints',
  'refused: undefined-port',
  'untouched: no-service',
]

/** ipvs alone leaves anything to kube-proxy. */
const LEFT = 'untouched: left-to-kube-proxy'

test('a client with affinity stays with its endpoint while that may serve it, whatever changes', () => {
  let stayed = 0
  fc.assert(
    fc.property(
      stickyClusters,
      possible,
      fc.array(fc.tuple(packet, fc.nat()), { minLength: 10, maxLength: 10 }),
      ([before, after], chosen, packets) => {
        const first = renderCluster(before, view, chosen).ruleset()
        const kernel = kernelModel()
        kernel.apply(plan({}, first))
        const second = renderCluster(after, view, chosen, kernelMemory(kernel.ruleset())).ruleset()
        const world: World = { cluster: after, node, settings: chosen, own: facts.addresses }
        for (const [random, lot] of packets) {
          const sent = aimed(random, before, lot)
          const ways = trace(first, sent, facts).paths
          const way = ways[lot % ways.length]
          const demand = demandOf(world, sent)
          if (demand.kind !== 'delivered') continue
          const may = demand.to.map(({ address, port }) => `${address} ${port}`)
          const clients = kept(way?.state.clients, second)
          const again = trace(second, sent, facts, clients).paths.map(endpointOf)
          if (isRemembered(way) && demand.sticky && may.includes(endpointOf(way))) {
            expect(again).toEqual([endpointOf(way)])
            stayed += 1
          } else expect(again.filter((each) => !may.includes(each))).toEqual([])
        }
      },
    ),
    { numRuns: CLUSTERS },
  )
  expect(stayed).toBeGreaterThan(CLUSTERS / 20)
})

function isRemembered(path: Path | undefined): boolean {
  return [...(path?.state.clients.values() ?? [])].some(({ size }) => size > 0)
}

function endpointOf(path: Path | undefined): string {
  return `${path?.state.destination} ${path?.state.port}`
}

/** A set that goes takes along who is in it. */
function kept(clients: Clients = new Map(), ruleset: Ruleset): Clients {
  const sets = [...(ruleset.ip?.sets.keys() ?? []), ...(ruleset.ip6?.sets.keys() ?? [])]
  return new Map([...clients].filter(([set]) => sets.includes(set)))
}
