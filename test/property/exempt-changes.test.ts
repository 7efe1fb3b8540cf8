import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exemptChanges } from '../../src/dataplane/nftables/refused.ts'
import { ChainRenderer } from '../../src/exempt/chain-renderer.ts'
import { differencesOf, elementSteps } from '../../src/exempt/element-diff.ts'
import { ElementRenderer } from '../../src/exempt/element-renderer.ts'
import { UNREADABLE } from '../../src/exempt/exemption.ts'
import { labelsIn } from '../../src/exempt/labels-in.ts'
import { wholeOfElement } from '../../src/exempt/wholes.ts'
import { type Owner, ownerIn, ownerOf } from '../../src/frontend/label-text.ts'
import { planDelta } from '../../src/plan/nftables/delta.ts'
import { elementId } from '../../src/plan/nftables/element-id.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { createChains } from '../../src/render/iptables/render.ts'
import { kernelMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { SETS } from '../../src/ruleset/nftables/sets.ts'
import type { ElementStep, KernelRuleset, Ruleset } from '../../src/ruleset/nftables/types.ts'
import { chainsFor, rulesAbout } from '../support/chains.ts'
import { change, keptObjects, type Objects } from '../support/changes.ts'
import { iptablesModel } from '../support/iptables-model.ts'
import { comparable, kernelModel } from '../support/kernel-model.ts'
import { planIptables } from '../support/plan-iptables.ts'
import { cluster, names, namespace, node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

const owners = names.map((name) => ownerOf(`${namespace}/${name}`))
const steps = fc.array(fc.record({ make: change, refused: fc.subarray(owners) }), {
  minLength: 5,
  maxLength: 20,
})

test('what nftables refuses is rendered as it is there, and as wanted when it is tried again', () => {
  fc.assert(
    fc.property(steps, settings, (changes, chosen) => {
      const wanted = createRenderer(node, chosen)
      wanted.takeChanges()
      const renderer = new ElementRenderer(wanted, node, chosen)
      const kernel = kernelModel()
      for (const { make, refused } of changes) {
        make(renderer)
        const found = kernel.ruleset()
        const settled = renderer.takeChanges().elements
        refuse(renderer, settled, new Set(refused))
        kernel.apply(plan(found, renderer.ruleset()))
        const made = settled.filter((each) => !renderer.isExempt(each))
        expect(ids(elementsThatDiffer(found, renderer.ruleset()))).toEqual(ids(made))
      }
      renderer.readmitRefused()
      const due = renderer.takeChanges().elements
      expect(ids(due)).toEqual(ids(elementsThatDiffer(kernel.ruleset(), wanted.ruleset())))
      expect(renderer.refusals().size).toBe(0)
      kernel.apply(plan(kernel.ruleset(), renderer.ruleset()))
      expect(comparable(kernel.ruleset())).toEqual(comparable(wanted.ruleset()))
    }),
    { numRuns: runs(1_000) },
  )
})

test('what nftables has of Services that cannot be read stays, frontend by frontend', () => {
  const unread = fc.subarray(owners, { minLength: 1 })
  const inputs = fc.tuple(cluster, cluster, settings, unread, fc.array(change, { maxLength: 12 }))
  fc.assert(
    fc.property(inputs, ([before, after, chosen, unreadable, changes]) => {
      const kernel = kernelModel()
      kernel.apply(plan({}, renderCluster(before, node, chosen).ruleset()))
      const found = kernel.ruleset()
      const wanted = renderCluster(after, node, chosen, kernelMemory(found))
      const renderer = new ElementRenderer(wanted, node, chosen)
      const differences = differencesOf(found, wanted.ruleset(), new Set(unreadable))
      for (const [owner, elements] of differences) renderer.exempt(owner, { elements }, UNREADABLE)
      kernel.apply(plan(found, renderer.ruleset()))
      const stays = new Set([...differences.values()].flat().map(wholeOfElement))
      const held = elementsOf(found, stays)
      expect(elementsOf(kernel.ruleset(), stays)).toEqual(held)
      for (const make of changes) {
        const readmitted = new Set<Owner>()
        make(renderer)
        make(whoseServiceChanges((name) => readmitted.add(ownerOf(name))))
        for (const owner of readmitted) {
          for (const step of differences.get(owner) ?? []) stays.delete(wholeOfElement(step))
        }
        const settled = renderer.takeChanges().elements
        const differ = elementsThatDiffer(kernel.ruleset(), renderer.ruleset())
        expect(ids(settled)).toEqual(ids(differ))
        kernel.apply(plan(kernel.ruleset(), renderer.ruleset()))
        expect(elementsOf(kernel.ruleset(), stays)).toEqual(elementsOf(found, stays))
      }
      for (const owner of unreadable) renderer.readmit(owner)
      renderer.takeChanges()
      kernel.apply(plan(kernel.ruleset(), renderer.ruleset()))
      expect(comparable(kernel.ruleset())).toEqual(comparable(wanted.ruleset()))
    }),
    { numRuns: runs(1_000) },
  )
})

/** Returns the elements that are part of these wholes, as texts. */
function elementsOf(kernel: KernelRuleset, wholes: ReadonlySet<string>): readonly string[] {
  return elementSteps(kernel, {})
    .filter((step) => wholes.has(wholeOfElement(step)))
    .map((step) => `${elementId(step)} ${step.before?.data}`)
    .sort()
}

/** Tells which Service is read completely by a change, or is gone. */
function whoseServiceChanges(tell: (name: string) => void): Objects {
  return {
    setService: (each) => tell(`${each.namespace}/${each.name}`),
    removeService: tell,
    setSlice: () => undefined,
    removeSlice: () => undefined,
  }
}

/** Exempts the Services of which the kernel refuses every change. */
function refuse(
  renderer: ElementRenderer,
  changes: readonly ElementStep[],
  refused: ReadonlySet<Owner>,
): void {
  const ownerOfOperation = labelsIn(changes, renderer)
  const sent = (['ip', 'ip6'] as const).flatMap((family) =>
    planDelta(
      family,
      changes.filter((each) => each.family === family),
      undefined,
    ),
  )
  const failures = [...eachOperation(sent)].flatMap((operation) => {
    const label = ownerOfOperation(operation)
    const fails = label !== undefined && refused.has(ownerIn(label))
    return fails ? [{ operation, errno: 'ENOMEM' }] : []
  })
  exemptChanges(renderer, changes, failures)
}

/** Those of the node are in its frame. */
const OF_THE_NODE: readonly string[] = [
  SETS.podRanges,
  SETS.nodeAddresses,
  SETS.nodePortAddresses,
  SETS.serviceRanges,
]

function elementsThatDiffer(kernel: KernelRuleset, desired: Ruleset): readonly ElementStep[] {
  return elementSteps(kernel, desired).filter(({ set }) => !OF_THE_NODE.includes(set))
}

function ids(steps: readonly ElementStep[]): readonly string[] {
  return steps.map(elementId).sort()
}

test('what iptables refuses stays until the Service may be served differently', () => {
  fc.assert(
    fc.property(steps, settings, (changes, chosen) => {
      const renderer = new ChainRenderer(createChains(node, chosen))
      const objects = keptObjects()
      const { services } = createChains(node, chosen)
      const model = iptablesModel()
      const held = new Map<Owner, readonly string[]>()
      for (const { make, refused } of changes) {
        const found = model.ruleset()
        make(objects)
        make(renderer)
        make(services)
        for (const { name } of services.takeDue()) held.delete(ownerOf(name))
        renderer.takeChanges()
        expect(new Set(renderer.refusals().keys())).toEqual(new Set(held.keys()))
        const fresh = refused.filter((service) => !held.has(service))
        renderer.lowering.exempt(found, new Set(fresh))
        renderer.refuse(fresh.map((service) => ({ service, reason: 'there is no memory' })))
        for (const service of fresh) held.set(service, rulesAbout(found, service))
        const wanted = renderer.lowering.rules()
        for (const step of planIptables(found, wanted)) model.apply(step)
        for (const [service, rules] of held) {
          expect(rulesAbout(model.ruleset(), service)).toEqual(rules)
        }
      }
      renderer.readmitRefused()
      renderer.takeChanges()
      expect(renderer.refusals().size).toBe(0)
      const free = chainsFor(objects.cluster(), node, chosen)
      expect(planIptables(renderer.lowering.rules(), free)).toEqual([])
    }),
    { numRuns: runs(1_000) },
  )
})
