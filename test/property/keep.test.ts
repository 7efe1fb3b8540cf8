import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keepServices, programmed } from '../../src/agent/keep.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import { plan } from '../../src/plan/plan.ts'
import { serviceName } from '../../src/render/claims.ts'
import { kernelMemory } from '../../src/render/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { kernelModel } from '../support/kernel-model.ts'
import { cluster, node, settings } from '../support/random-cluster.ts'

test('Services that are kept change nothing in the kernel, whatever remains in the input', () => {
  fc.assert(
    fc.property(cluster, settings, fc.func(fc.boolean()), (before, chosen, bad) => {
      const kernel = kernelModel()
      kernel.apply(plan({}, renderCluster(before, node, chosen).ruleset()))
      const found = kernel.ruleset()
      const unread = (service: ServiceObject): boolean => bad(serviceName(service))
      const names = before.services.filter(unread).map(serviceName)
      const present = programmed(found)
      const keep = new Set(names.filter((name) => present.has(name)))
      const services = before.services.filter((service) => !unread(service))
      const rest = renderCluster({ ...before, services }, node, chosen, kernelMemory(found))
      // What loses an address to a kept Service must not gain it either.
      fc.pre(rest.conflicts().length === renderCluster(before, node, chosen).conflicts().length)
      const desired = keepServices(found, rest.ruleset(), keep, chosen)
      expect(plan(found, desired)).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})
