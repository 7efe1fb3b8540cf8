import fc from 'fast-check'
import { expect, test } from 'vitest'
import { programmed } from '../../src/exempt/element-diff.ts'
import { withExempt } from '../../src/exempt/with-exempt.ts'
import { serviceLabel } from '../../src/frontend/labels.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import { serviceName } from '../../src/model/service-name.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { seatedMap } from '../../src/ruleset/nftables/sets.ts'
import type { KernelRuleset, KernelTable } from '../../src/ruleset/nftables/types.ts'
import { chainCalledBy, remembering } from '../../src/ruleset/nftables/verdicts.ts'
import { kernelModel } from '../support/kernel-model.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

test('Services that are kept change nothing in the kernel, whatever remains in the input', () => {
  fc.assert(
    fc.property(cluster, settings, fc.func(fc.boolean()), (before, chosen, bad) => {
      const kernel = kernelModel()
      kernel.apply(plan({}, renderCluster(before, node, chosen).ruleset()))
      const found = kernel.ruleset()
      const unread = (service: ServiceObject): boolean => bad(serviceName(service))
      const names = before.services.filter(unread).map(serviceLabel)
      const present = programmed(found)
      const keep = new Set(names.filter((name) => present.has(name)))
      const services = before.services.filter((service) => !unread(service))
      const rest = renderCluster({ ...before, services }, node, chosen, kernelMemory(found))
      // What loses an address to a kept Service must not gain it either.
      fc.pre(rest.denials().length === renderCluster(before, node, chosen).denials().length)
      const desired = withExempt(found, rest.ruleset(), keep, chosen)
      expect(plan(found, desired)).toEqual([])
    }),
    { numRuns: runs(2_000) },
  )
})

test('Services that are kept from the former layout go on remembering their clients', () => {
  fc.assert(
    fc.property(cluster, settings, (before, chosen) => {
      const kernel = kernelModel()
      kernel.apply(plan({}, renderCluster(before, node, chosen).ruleset()))
      const found = kernel.ruleset()
      const keep = new Set(programmed(found))
      const kept = withExempt(formerly(found), {}, keep, chosen)
      for (const family of ['ip', 'ip6'] as const) {
        for (const map of SEATED) {
          const wanted = [...(found[family]?.elements.get(map) ?? [])].sort()
          expect([...(kept[family]?.elements.get(map) ?? [])].sort()).toEqual(wanted)
        }
      }
    }),
    { numRuns: runs(500) },
  )
})

const SEATED = [seatedMap('vip'), seatedMap('node-port')]

/** As tables were when a set for each time and seat said which clients are remembered for whom. */
function formerly(ruleset: KernelRuleset): KernelRuleset {
  const table = (now: KernelTable): KernelTable => {
    const sets = new Map(now.sets)
    const elements = new Map(now.elements)
    for (const map of SEATED) {
      const key = now.sets.get(map)?.key ?? []
      sets.delete(map)
      elements.delete(map)
      for (const [tuple, value] of now.elements.get(map) ?? []) {
        const { seconds, seat } = remembering(chainCalledBy(value) ?? '') ?? {}
        const name = `${map}-${seconds}-${seat}`
        sets.set(name, { name, key })
        elements.set(name, new Map([...(elements.get(name) ?? []), [tuple, {}]]))
      }
    }
    return { ...now, sets, elements }
  }
  const { ip, ip6 } = ruleset
  return { ...(ip && { ip: table(ip) }), ...(ip6 && { ip6: table(ip6) }) }
}
