import fc from 'fast-check'
import { expect, test } from 'vitest'
import { candidatesOf } from '../../src/frontend/candidates.ts'
import { chooseEndpoints } from '../../src/frontend/choose-endpoints.ts'
import { EndpointChooser } from '../../src/frontend/endpoint-chooser.ts'
import type { ServedFrontends } from '../../src/frontend/frontend-change.ts'
import type { Port } from '../../src/model/address.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import type { ServicePort } from '../../src/model/service.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { frontendChanges, servedByTables } from '../../src/plan/nftables/served.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { ipvsMemory, kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { change, keptObjects, type Objects } from '../support/changes.ts'
import { comparableIpvs } from '../support/ipvs-model.ts'
import { comparable, kernelModel } from '../support/kernel-model.ts'
import { node, settings, slice } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

/** Several changes at a time, so that Services pass addresses and pods on to each other. */
const rounds = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 12 })

test('what changes one by one have left is what is rendered at once, by one who knows the slots', () => {
  fc.assert(
    fc.property(rounds, settings, (all, chosen) => {
      const renderer = createRenderer(node, chosen)
      const objects = keptObjects()
      for (const round of all) {
        for (const make of round) for (const to of [renderer, objects]) make(to)
        renderer.takeChanges()
        const kernel = kernelModel()
        kernel.apply(plan({}, renderer.ruleset()))
        const memory = kernelMemory(kernel.ruleset())
        const whole = renderCluster(objects.cluster(), node, chosen, memory)
        expect(comparable(renderer.ruleset())).toEqual(comparable(whole.ruleset()))
      }
    }),
    { numRuns: runs(500) },
  )
})

const ipvs = settings.map(
  (chosen): Settings => ({
    ...chosen,
    target: 'pods',
    backend: { kind: 'ipvs', ...defaultIpvsSettings },
  }),
)

/** Two Services with one health-check port are told apart by which came first. */
function withoutHealth(to: Objects): Objects {
  return {
    setService: (service) => to.setService({ ...service, healthCheckPort: undefined }),
    removeService: (name) => to.removeService(name),
    setSlice: (slice) => to.setSlice(slice),
    removeSlice: (of, name) => to.removeSlice(of, name),
  }
}

test('the same holds for ipvs and the table beside it', () => {
  fc.assert(
    fc.property(rounds, ipvs, (all, chosen) => {
      const renderer = createRenderer(node, chosen)
      const objects = keptObjects()
      for (const round of all) {
        const before = { servers: new Map(renderer.ipvs()?.servers) }
        for (const make of round) for (const to of [renderer, objects]) make(withoutHealth(to))
        renderer.takeChanges()
        const memory = ipvsMemory({
          ...before,
          addresses: new Set(),
          dummy: true,
          timeouts: undefined,
        })
        const whole = renderCluster(objects.cluster(), node, chosen, memory)
        expect(contentOf(renderer)).toEqual(contentOf(whole))
        expect(comparable(renderer.ruleset())).toEqual(comparable(whole.ruleset()))
      }
    }),
    { numRuns: runs(500) },
  )
})

function contentOf(renderer: Pick<ReturnType<typeof createRenderer>, 'ipvs'>): unknown {
  const rules = renderer.ipvs()
  if (rules === undefined) throw new Error('no ipvs rules')
  return comparableIpvs(rules)
}

test('what a commit means for frontends is what the endpoints before and after it say', () => {
  fc.assert(
    fc.property(rounds, settings, (all, chosen) => {
      const renderer = createRenderer(node, chosen)
      renderer.takeChanges()
      let before = leading(servedByTables(renderer.ruleset()))
      for (const round of all) {
        for (const make of round) make(renderer)
        const { elements } = renderer.takeChanges()
        const after = leading(servedByTables(renderer.ruleset()))
        const changes = frontendChanges(elements, renderer.ruleset())
        const told = new Set(changes.map(({ family, id }) => `${family} ${id}`))
        for (const name of new Set([...before.keys(), ...after.keys()])) {
          const [was, is] = [before.get(name) ?? [], after.get(name) ?? []]
          if (!told.has(name)) expect(is).toEqual(was)
        }
        for (const one of changes) {
          const name = `${one.family} ${one.id}`
          const [was, is] = [before.get(name) ?? [], after.get(name) ?? []]
          expect([...one.gone].sort()).toEqual(was.filter((endpoint) => !is.includes(endpoint)))
          expect(one.after.leads).toBe(is.length > 0)
          // An endpoint that is new at one reach of a frontend counts as new at the frontend.
          if (one.before.leads) expect(was).not.toEqual([])
          else expect(was.filter((endpoint) => !is.includes(endpoint))).toEqual([])
        }
        before = after
      }
    }),
    { numRuns: runs(500) },
  )
})

/** Every frontend that leads somewhere, with its endpoints. */
function leading(served: ServedFrontends): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...served.all()].map((each) => [
      `${each.family} ${each.id}`,
      [...served.endpoints(each)].sort(),
    ]),
  )
}

const web: ServicePort = { name: 'p80', protocol: 'tcp', port: 80 as Port, nodePort: undefined }
const slices = fc.uniqueArray(slice, { selector: ({ name }) => name, maxLength: 5 })

test('a remembered choice of endpoints is what is chosen of all slices at once', () => {
  fc.assert(
    fc.property(fc.array(slices, { maxLength: 8 }), (all) => {
      const chooser = new EndpointChooser(node, web, 'ipv4')
      // Each choice keeps some of the slices of the one before.
      for (const [at, some] of all.entries()) {
        const names = new Set(some.map(({ name }) => name))
        const kept = (all[at - 1] ?? []).filter(({ name }) => !names.has(name))
        const offering = [...some, ...kept].filter(({ family }) => family === 'ipv4')
        const chosen = chooser.choose(offering)
        const whole = chooseEndpoints(candidatesOf(offering, web, 'ipv4'), node)
        expect({ ...chosen, offered: chosen.offered() }).toEqual({
          ...whole,
          offered: whole.offered(),
        })
        const again = chooser.choose(offering)
        expect(again.cluster).toBe(chosen.cluster)
        expect(again.local).toBe(chosen.local)
      }
    }),
    { numRuns: runs(1_000) },
  )
})
