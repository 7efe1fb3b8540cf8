import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Address, Port } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { planIpvsDelta } from '../../src/plan/ipvs/delta.ts'
import { recordedServers, withoutConflicts } from '../../src/plan/ipvs/ownership.ts'
import { planIpvs } from '../../src/plan/ipvs/plan.ts'
import { aroundIpvs } from '../../src/plan/ipvs/steps.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { ipvsMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { IpvsRules, KernelIpvs, RealServer, ServerKey } from '../../src/ruleset/ipvs/types.ts'
import type { KernelRuleset } from '../../src/ruleset/nftables/types.ts'
import { change, keptObjects } from '../support/changes.ts'
import { comparableIpvs, type IpvsModel, ipvsModel } from '../support/ipvs-model.ts'
import { comparable, type KernelModel, kernelModel } from '../support/kernel-model.ts'
import { cluster, node } from '../support/random-cluster.ts'
import { ipvsSettings as settings } from '../support/random-ipvs.ts'
import { runs } from '../support/runs.ts'

/** Of other Nodes: what Services ask for, a ClusterIP, and this node's own address. */
const TAKEN = [
  ...['203.0.113.1', '203.0.113.2', '203.0.113.4', '2001:db8:100::1'],
  ...['10.96.0.2', '192.0.2.1'],
] as Address[]

const keep = { excludedRanges: [] }

function rulesFor(each: Cluster, chosen: Settings, found: KernelIpvs): IpvsRules {
  const rules = renderCluster(each, node, chosen, ipvsMemory(found)).ipvs()
  if (rules === undefined) throw new Error('no ipvs rules')
  return rules
}

/** A node: the table and ipvs. */
interface World {
  readonly table: KernelModel
  readonly ipvs: IpvsModel
}

function world(): World {
  return { table: kernelModel(), ipvs: ipvsModel() }
}

/** As the agent does it: the table gains, ipvs changes, the table loses. */
function bring(to: World, desired: IpvsRules, observe?: () => void): IpvsRules {
  const found = to.table.ruleset()
  const recorded = recordedServers(found)
  const { rules } = withoutConflicts(to.ipvs.state(), desired, recorded)
  const { before, after } = aroundIpvs(plan(found, rules.filter))
  to.table.apply(before)
  to.ipvs.apply(planIpvs(to.ipvs.state(), rules, { ...keep, recorded }), observe)
  to.table.apply(after)
  return rules
}

/** Addresses on the dummy that only a server without destinations, or none, answers for. */
function hollow({ servers, addresses }: KernelIpvs): ReadonlySet<string> {
  const served = new Set([...servers.values()].map(({ address }) => address))
  const empty = [...servers].filter(
    ([, { address, destinations }]) => addresses.has(address) && destinations.size === 0,
  )
  return new Set([
    ...[...addresses].filter((address) => !served.has(address)),
    ...empty.map(([key]) => key),
  ])
}

describe('ipvs over random clusters and changes', () => {
  test('each plan leads to what is wanted, and then is empty', () => {
    fc.assert(
      fc.property(
        fc.array(cluster, { minLength: 2, maxLength: 3 }),
        settings,
        (clusters, chosen) => {
          const kernel = world()
          for (const each of clusters) {
            const wanted = rulesFor(each, chosen, kernel.ipvs.state())
            bring(kernel, wanted)
            expect(comparableIpvs(kernel.ipvs.state())).toEqual(comparableIpvs(wanted))
            expect(comparable(kernel.table.ruleset())).toEqual(comparable(wanted.filter))
            expect(again(kernel, wanted)).toEqual([])
            expect(again(kernel, rulesFor(each, chosen, kernel.ipvs.state()))).toEqual([])
          }
        },
      ),
      { numRuns: runs(2_000) },
    )
  })

  test('no address is bound without destinations, no server of a bound address loses all', () => {
    fc.assert(
      fc.property(cluster, cluster, settings, (first, second, chosen) => {
        const kernel = world()
        const never = new Set<string>()
        bring(kernel, rulesFor(first, chosen, kernel.ipvs.state()), () => {
          expect(hollow(kernel.ipvs.state())).toEqual(never)
        })
        const before = kernel.ipvs.state()
        const wanted = rulesFor(second, chosen, before)
        bring(kernel, wanted, () => {
          const now = kernel.ipvs.state()
          for (const key of hollow(now)) {
            // A port that is added to a bound address has no destinations for one operation.
            expect(before.servers.has(key as ServerKey)).toBe(false)
          }
          for (const [key, { address }] of before.servers) {
            const stays = wanted.servers.has(key)
            if (stays) expect(now.servers.get(key)?.destinations.size).toBeGreaterThan(0)
            else if (now.addresses.has(address) && !wanted.addresses.has(address)) {
              expect(now.servers.has(key)).toBe(true)
            }
          }
        })
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('a server that takes connections before and after takes them at every instant', () => {
    fc.assert(
      fc.property(cluster, cluster, settings, (first, second, chosen) => {
        const kernel = world()
        bring(kernel, rulesFor(first, chosen, kernel.ipvs.state()))
        const before = kernel.ipvs.state()
        const wanted = rulesFor(second, chosen, before)
        const open = [...wanted.servers.keys()].filter(
          (key) => takes(before, key) && takes(wanted, key),
        )
        bring(kernel, wanted, () => {
          for (const key of open) expect(takes(kernel.ipvs.state(), key)).toBe(true)
        })
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('servers of others are neither changed nor taken for ours', () => {
    const foreign: RealServer = {
      address: '198.51.100.7' as Address,
      port: 1 as Port,
      weight: 3,
      method: 'route',
    }
    fc.assert(
      fc.property(
        cluster,
        cluster,
        settings,
        fc.infiniteStream(fc.nat()),
        (a, b, chosen, random) => {
          const kernel = world()
          const keys = [...rulesFor(a, chosen, kernel.ipvs.state()).servers.keys()]
          fc.pre(keys.length > 0)
          const theirs = new Set([
            keys[random.next().value % keys.length] as ServerKey,
            '198.51.100.1 . tcp . 80' as ServerKey,
          ])
          for (const key of theirs) kernel.ipvs.put(key, [foreign])
          const before = kernel.ipvs.state()
          for (const each of [a, b, a, { services: [], slices: [] }]) {
            bring(kernel, rulesFor(each, chosen, kernel.ipvs.state()))
            const now = kernel.ipvs.state()
            for (const key of theirs) expect(now.servers.get(key)).toEqual(before.servers.get(key))
          }
          expect(kernel.ipvs.state().servers.size).toBe(theirs.size)
          expect(kernel.ipvs.state().dummy).toBe(false)
        },
      ),
      { numRuns: runs(1_000) },
    )
  })

  test('the table of the nftables backend becomes that of ipvs, and back, in two transactions', () => {
    fc.assert(
      fc.property(cluster, cluster, settings, (first, second, chosen) => {
        const kernel = world()
        const plain = { ...chosen, backend: nftablesBackend }
        const tables = [
          renderCluster(first, node, plain).ruleset(),
          renderCluster(second, node, chosen).ruleset(),
          renderCluster(first, node, plain).ruleset(),
        ]
        for (const wanted of tables) {
          const { before, after } = aroundIpvs(plan(kernel.table.ruleset(), wanted))
          kernel.table.apply(before)
          kernel.table.apply(after)
          expect(comparable(kernel.table.ruleset())).toEqual(comparable(wanted))
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('following changes of other Nodes, too, ends where rendering at once ends, and costs what changed', () => {
    /** What changes objects, or the addresses of other Nodes. */
    const either = fc.oneof(change, change, fc.subarray(TAKEN))
    fc.assert(
      fc.property(fc.array(either, { maxLength: 20 }), settings, (changes, chosen) => {
        const renderer = createRenderer({ ...node, otherNodes: new Set(TAKEN.slice(0, 1)) }, chosen)
        const kernel = ipvsModel()
        let others: readonly Address[] = TAKEN.slice(0, 1)
        const objects = keptObjects()
        renderer.takeChanges()
        for (const each of changes) {
          if (typeof each === 'function') {
            each(renderer)
            each(objects)
          } else {
            const come = each.filter((address) => !others.includes(address))
            const gone = others.filter((address) => !each.includes(address))
            renderer.changeOtherNodes({ come, gone })
            others = each
          }
          const { ipvs } = renderer.takeChanges()
          const after = (renderer.ipvs()?.addresses.size ?? 0) > 0
          const name = defaultIpvsSettings.interface
          kernel.apply(planIpvsDelta(ipvs, { name, before: kernel.state().dummy, after }))
        }
        const rules = renderer.ipvs()
        if (rules === undefined) throw new Error('no ipvs rules')
        expect(comparableIpvs(kernel.state())).toEqual(comparableIpvs(rules))
        const otherNodes = new Set(others)
        const whole = renderCluster(
          objects.cluster(),
          { ...node, otherNodes },
          chosen,
          ipvsMemory(kernel.state()),
        )
        expect(renderer.denials()).toEqual(whole.denials())
        const wanted = whole.ipvs()
        if (wanted === undefined) throw new Error('no ipvs rules')
        expect(comparableIpvs(rules)).toEqual(comparableIpvs(wanted))
        expect(comparable(rules.filter)).toEqual(comparable(wanted.filter))
      }),
      { numRuns: runs(1_000) },
    )
  })
})

function again(kernel: World, wanted: IpvsRules): readonly unknown[] {
  const found: KernelRuleset = kernel.table.ruleset()
  const recorded = recordedServers(found)
  return [
    ...plan(found, wanted.filter),
    ...planIpvs(kernel.ipvs.state(), wanted, { ...keep, recorded }),
  ]
}

function takes({ servers }: Pick<KernelIpvs, 'servers'>, key: ServerKey): boolean {
  return [...(servers.get(key)?.destinations.values() ?? [])].some(({ weight }) => weight > 0)
}
