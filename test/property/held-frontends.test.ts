import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Frontend } from '../../src/frontend/frontends.ts'
import type { HeldFrontend } from '../../src/frontend/held-frontend.ts'
import { frontendLabel } from '../../src/frontend/labels.ts'
import { tableOf } from '../../src/model/family.ts'
import type { Settings } from '../../src/model/node.ts'
import type { Cluster, ServiceObject } from '../../src/model/service.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import { frontendsInTables } from '../../src/plan/nftables/held-frontends.ts'
import { frontendsInChains } from '../../src/render/iptables/held-frontends.ts'
import { createChains } from '../../src/render/iptables/render.ts'
import { rememberedFor } from '../../src/render/remembered-times.ts'
import { renderCluster } from '../../src/render/render.ts'
import { chainsFor } from '../support/chains.ts'
import { change, keptObjects } from '../support/changes.ts'
import { node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

/** What rules are read back into is what they were made of, with every backend. */

const clusters = fc.array(change, { maxLength: 20 }).map((steps): Cluster => {
  const objects = keptObjects()
  for (const each of steps) each(objects)
  return objects.cluster()
})

/** Returns the frontends themselves, in the words of a reading. */
function served(cluster: Cluster, chosen: Settings): readonly HeldFrontend[] {
  const { services } = createChains(node, chosen)
  for (const service of cluster.services) services.setService(service)
  for (const slice of cluster.slices) services.setSlice(slice)
  return [...services.takeDue()].flatMap(({ served: found }) =>
    (found?.frontends ?? []).map((frontend) => heldOf(present(found?.service), frontend)),
  )
}

function present(service: ServiceObject | undefined): ServiceObject {
  if (service === undefined) throw new TypeError('no Service')
  return service
}

function texts(targets: Frontend['endpoints']['inside']): readonly Tuple[] {
  return targets.map(({ address, port }) => tuple(address, port)).sort()
}

function heldOf(service: ServiceObject, frontend: Frontend): HeldFrontend {
  const { id, family, policy, external, endpoints, unserved, sources } = frontend
  const refuses = unserved === 'reject'
  const isLocal = external && policy === 'local' && !refuses
  const [inside, local] = [texts(endpoints.inside), texts(endpoints.local)]
  const { affinity } = service
  const leads = inside.length + local.length > 0 && !refuses
  return {
    ...{ family: tableOf(family), id, label: frontendLabel(service, frontend), isLocal, unserved },
    endpoints: refuses ? [] : isLocal ? local : inside,
    inside: isLocal ? inside : undefined,
    sources: sources && [...sources].sort(),
    remembered: leads && affinity.kind !== 'none' ? rememberedFor(affinity.seconds) : undefined,
  }
}

function sorted(held: readonly HeldFrontend[]): readonly HeldFrontend[] {
  return [...held].sort((a, b) => (`${a.family} ${a.id}` < `${b.family} ${b.id}` ? -1 : 1))
}

test('elements of nftables', () => {
  fc.assert(
    fc.property(clusters, settings, (cluster, chosen) => {
      const read = frontendsInTables(renderCluster(cluster, node, chosen).ruleset())
      expect(sorted(read)).toEqual(sorted(served(cluster, chosen)))
    }),
    { numRuns: runs(500) },
  )
})

test('chains of iptables', () => {
  fc.assert(
    fc.property(clusters, settings, (cluster, chosen) => {
      const read = frontendsInChains(chainsFor(cluster, node, chosen))
      expect(sorted(read)).toEqual(sorted(served(cluster, chosen)))
    }),
    { numRuns: runs(500) },
  )
})
