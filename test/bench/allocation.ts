import { decide } from '../../src/allocate/decide.ts'
import { withoutOverlap } from '../../src/controller/hand-over.ts'
import { statusPatch } from '../../src/controller/status-patch.ts'
import { wantedStatuses } from '../../src/controller/wanted.ts'
import { defaultAllocationSettings } from '../../src/model/allocation-settings.ts'
import { serviceName } from '../../src/model/service-name.ts'
import { AllocationStore } from '../../src/watch/allocation-store.ts'
import type { Resource } from '../../src/watch/resources.ts'
import { node, pools, storedService } from './allocation-objects.ts'
import type { Answers } from './protocol.ts'
import { median } from './statistics.ts'

/** Rounds are short, and the first ones are those of a program that is not warm yet. */
const ROUNDS = 9

/**
 * What reading the objects and one round of the controller cost, without an API server. Addresses come from
 * the Nodes if there are some, else from pools.
 */
export function allocationCosts(services: number, nodes: number): Answers['allocation'] {
  const texts = Array.from({ length: services }, (_, index) => JSON.stringify(storedService(index)))
  const { store, ms: readMs } = read(texts, nodes)
  const first = Array.from({ length: ROUNDS }, () => round(store))
  give(store)
  const later = Array.from({ length: ROUNDS }, () => round(store))
  return {
    readMs,
    firstMs: first[0]?.ms ?? Number.NaN,
    emptyMs: median(first.map(({ ms }) => ms)),
    fullMs: median(later.map(({ ms }) => ms)),
    writes: first[0]?.patches.size ?? 0,
    laterWrites: later[0]?.patches.size ?? 0,
  }
}

function read(
  texts: readonly string[],
  nodes: number,
): { readonly store: AllocationStore; readonly ms: number } {
  const source = nodes > 0 ? 'nodes' : 'ipaddresspools'
  const followed: readonly Resource[] = ['all-services', source]
  const began = performance.now()
  const store = new AllocationStore({ classes: () => [], followed, read: () => undefined })
  for (const text of texts) {
    store.apply({ kind: 'object', resource: 'all-services', object: JSON.parse(text) })
  }
  const sources = nodes > 0 ? Array.from({ length: nodes }, (_, index) => node(index)) : pools
  for (const object of sources) store.apply({ kind: 'object', resource: source, object })
  return { store, ms: performance.now() - began }
}

interface Round {
  readonly ms: number
  readonly patches: ReadonlyMap<string, object>
}

/** All that a round does but send: who has what, and the patch of each status that differs. */
function round(store: AllocationStore): Round {
  const began = performance.now()
  const services = store.services()
  const decision = decide(store.objects(), defaultAllocationSettings)
  const wanted = wantedStatuses(decision, services, defaultAllocationSettings)
  const now = withoutOverlap(wanted, (name) => services.get(name)?.status.ingress ?? [])
  const patches = new Map<string, object>()
  for (const [name, to] of now) {
    const stored = services.get(name)
    const patch = stored && statusPatch(stored.status, to, new Date())
    if (patch !== undefined) patches.set(name, patch)
  }
  return { ms: performance.now() - began, patches }
}

/** Each Service has what the first round gives it. */
function give(store: AllocationStore): void {
  const decision = decide(store.objects(), defaultAllocationSettings)
  for (const grant of decision.grants) {
    const index = Number(serviceName(grant).replace(/.*-/, ''))
    const service = storedService(index)
    const pool = grant.addresses[0]?.pool
    const annotations = pool === undefined ? {} : { 'metallb.io/ip-allocated-from-pool': pool }
    const ingress = grant.addresses.map(({ address }) => ({ ip: address }))
    const object = {
      ...service,
      metadata: { ...service.metadata, annotations },
      status: { loadBalancer: { ingress } },
    }
    store.apply({ kind: 'object', resource: 'all-services', object })
  }
}
