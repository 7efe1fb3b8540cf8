import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ownerIn } from '../../src/frontend/label-text.ts'
import type { Address } from '../../src/model/address.ts'
import type { SliceObject } from '../../src/model/service.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import { LingeringEndpoints, servingEndpoints } from '../../src/plan/flows/lingering.ts'
import { allFrontends, type Flow, flowJudge, touchedFrontends } from '../../src/plan/flows/stale.ts'
import { frontendChanges, servedByTables } from '../../src/plan/nftables/served.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { endpointsMap } from '../../src/ruleset/nftables/sets.ts'
import type { Ruleset } from '../../src/ruleset/nftables/types.ts'
import { namespace, node, service, settings, slice } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const change = fc.oneof(
  service.map((value) => ({ kind: 'service' as const, value, of: `${namespace}/${value.name}` })),
  service.map(({ name }) => ({ kind: 'service-gone' as const, of: `${namespace}/${name}` })),
  slice.map((value) => ({ kind: 'slice' as const, value, of: `${namespace}/${value.service}` })),
  slice.map((value) => ({ kind: 'slice' as const, value, of: `${namespace}/${value.service}` })),
  // Endpoints that get no new flows end: the rules do not change.
  slice.map(({ service: of }) => ({ kind: 'ending' as const, of: `${namespace}/${of}` })),
  slice.map(({ name, service: of }) => ({
    kind: 'slice-gone' as const,
    name,
    of: `${namespace}/${of}`,
  })),
)

/** The renderer, and what an agent has beside it. */
function world(chosen: Parameters<typeof createRenderer>[1]) {
  const renderer = createRenderer(node, chosen)
  const slices = new Map<string, SliceObject>()
  const servingOf = (name: string): ReadonlySet<Tuple> => {
    const mine = [...slices.values()].filter((each) => `${namespace}/${each.service}` === name)
    return servingEndpoints(mine, ({ protocol }) => protocol === 'udp')
  }
  const ownerOf = (family: 'ip' | 'ip6', key: Tuple): string | undefined => {
    const label = renderer.label(family, key)
    return label === undefined ? undefined : renderer.nameOf(ownerIn(label))
  }
  return { renderer, slices, servingOf, ownerOf }
}

type World = ReturnType<typeof world>
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never

function make({ renderer, slices }: World, step: Change): void {
  if (step.kind === 'service') renderer.setService(step.value)
  else if (step.kind === 'service-gone') renderer.removeService(step.of)
  else if (step.kind === 'slice') {
    slices.set(step.value.name, step.value)
    renderer.setSlice(step.value)
  } else if (step.kind === 'ending') {
    for (const each of slices.values()) {
      if (`${namespace}/${each.service}` !== step.of) continue
      const ready = { ...each, endpoints: each.endpoints.filter((endpoint) => endpoint.ready) }
      slices.set(each.name, ready)
      renderer.setSlice(ready)
    }
  } else {
    slices.delete(step.name)
    renderer.removeSlice(namespace, step.name)
  }
}

const MAPS = [endpointsMap('vip', 'cluster'), endpointsMap('vip', 'local')]

/**
 * Who is sent new flows, by UDP VIP: found by looking at everything, unlike the code under test.
 */
function chosenByVip(rules: Ruleset): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const table of [rules.ip, rules.ip6]) {
    for (const map of MAPS) {
      for (const [key, { data = '' }] of table?.elements.get(map) ?? []) {
        const vip = key.slice(0, key.lastIndexOf(' . '))
        if (vip.includes(' . udp . ')) found.set(vip, (found.get(vip) ?? new Set()).add(data))
      }
    }
  }
  return found
}

/** What clients' packets make of a state: flows to every endpoint, and those that bypass a VIP. */
function flowsIn(chosen: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Flow> {
  const flows = new Map<string, Flow>()
  const add = (vip: string, answerer: string): void => {
    const [destination = '', , port] = vip.split(' . ')
    flows.set(`${vip} ${answerer}`, {
      family: destination.includes(':') ? 'ip6' : 'ip',
      protocol: 'udp',
      destination: destination as Address,
      port: Number(port),
      answerer: answerer as Tuple,
      isAnswered: true,
    })
  }
  for (const [vip, endpoints] of chosen) for (const endpoint of endpoints) add(vip, endpoint)
  for (const address of ['203.0.113.1', '2001:db8:100::1', '10.96.0.1']) {
    const vip = `${address} . udp . 53`
    if (!chosen.has(vip)) add(vip, `${address} . 53`)
  }
  return flows
}

/** A flow that is none of our business, whatever the Services do. */
const foreign: Flow = {
  family: 'ip',
  protocol: 'udp',
  destination: '203.0.113.1' as Address,
  port: 5300,
  answerer: '10.244.1.1 . 5353' as Tuple,
  isAnswered: true,
}

/** With each flow that an endpoint answered, as ours; the rest bypassed a VIP. */
function isOurs({ destination, port, answerer }: Flow): boolean {
  return answerer !== `${destination} . ${port}`
}

/** Whether an agent runs that hears of the change: one that ran before knows what there was. */
const steps = fc.array(fc.tuple(change, fc.integer({ min: 0, max: 9 }).map(Boolean)), {
  minLength: 20,
  maxLength: 60,
})

test('after each change no flow is stale, and none went that was not', () => {
  fc.assert(
    fc.property(steps, settings, (all, chosenSettings) => {
      const here = world({ ...chosenSettings, target: 'pods' })
      const { renderer, servingOf, ownerOf } = here
      renderer.takeChanges()
      const newcomer = () =>
        new LingeringEndpoints({ ownerOf: ({ family, id }) => ownerOf(family, id), servingOf })
      let lingering = newcomer()
      let starts = false
      let flows = new Map([['foreign', foreign]])
      /** Those whose frontend went while no agent ran: nobody knows of them. */
      const orphans = new Set<string>()
      for (const [step, isHeard] of all) {
        make(here, step)
        const { elements } = renderer.takeChanges()
        if (!isHeard) {
          starts = true
          continue
        }
        if (starts) lingering = newcomer()
        const rules = renderer.ruleset()
        const nowServed = servedByTables(rules)
        const touched = starts
          ? allFrontends(nowServed, 'keep')
          : touchedFrontends(frontendChanges(elements, rules), 'keep')
        const frontends = lingering.follow(touched, [step.of], nowServed)
        const judge = flowJudge(frontends, lingering.stillServes)
        const chosen = chosenByVip(rules)
        const named = new Set([...nowServed.every()].map(({ id }) => id))
        for (const [id, flow] of [...flows]) {
          const vip = `${flow.destination} . udp . ${flow.port}` as Tuple
          const owner = ownerOf(flow.family, vip)
          if (starts && isOurs(flow) && !named.has(vip)) orphans.add(id)
          const isKnown = named.has(vip) || !orphans.has(id)
          const served =
            chosen.get(vip)?.has(flow.answerer) === true ||
            (owner !== undefined && servingOf(owner).has(flow.answerer))
          const lost = isOurs(flow)
            ? id !== 'foreign' && !served && isKnown
            : chosen.has(vip) && !served
          expect({ id, goes: judge(flow, nowServed, new Set()) }).toEqual({ id, goes: lost })
          if (served) orphans.delete(id)
          if (lost) flows.delete(id)
        }
        flows = new Map([...flows, ...flowsIn(chosen)])
        starts = false
      }
    }),
    { numRuns: runs(300) },
  )
})
