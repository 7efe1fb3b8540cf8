import { createHash } from 'node:crypto'
import type { AnnouncedService, AnnounceObjects } from '../../src/announce/objects.ts'
import { type Address, type Cidr, cidrContains } from '../../src/model/address.ts'
import type { LabelSelector } from '../../src/model/label-selector.ts'

// MetalLB's own election, written down from speaker/layer2_controller.go and speaker/main.go as they
// are there, without anything of ours but the shapes of the objects.

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** A pool as the model has it: prefixes as text. */
export type Prefixes = ReadonlyMap<string, readonly Cidr[]>

function matches({ requirements }: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  for (const requirement of requirements) {
    if (requirement.operator !== 'in') throw new Error('the model knows equality only')
    if (!requirement.values.includes(labels.get(requirement.key) ?? '')) return false
  }
  return true
}

/** poolFor: the pool that has all addresses. */
function poolFor(pools: Prefixes, addresses: readonly Address[]): string | undefined {
  for (const [name, prefixes] of pools) {
    const has = (address: Address) => prefixes.some((prefix) => cidrContains(prefix, address))
    if (addresses.every(has)) return name
  }
  return undefined
}

/** ShouldAnnounce, asked of the speaker of one Node. */
function shouldAnnounce(
  me: string,
  service: AnnouncedService,
  world: AnnounceObjects,
  prefixes: Prefixes,
): boolean {
  if (service.addresses.length === 0) return false
  const pool = poolFor(prefixes, service.addresses)
  if (pool === undefined) return false
  const slices = world.endpoints.filter((each) => each.service === service.name && each.any)
  if (slices.length === 0) return false
  const poolLabels = world.pools.find(({ name }) => name === pool)?.labels ?? new Map()
  const ads = world.advertisements.filter(({ pools }) => {
    if (pools === undefined) return true
    return pools.names.includes(pool) || pools.selectors.some((each) => matches(each, poolLabels))
  })
  const matching = ads.filter(({ services }) => {
    return services === undefined || services.some((each) => matches(each, service.labels))
  })
  if (service.shares && matching.some(({ services }) => services !== undefined)) return false
  const nodesOf = (ad: (typeof ads)[number]) =>
    world.nodes.filter(({ labels }) => ad.nodes?.some((each) => matches(each, labels)) ?? true)
  const scores = new Map<string, number>()
  for (const ad of matching) {
    for (const { name, labels } of nodesOf(ad)) {
      const score = ad.preferred.filter(({ nodes }) => matches(nodes, labels))
      const sum = score.reduce((total, { weight }) => total + weight, 0)
      scores.set(name, (scores.get(name) ?? 0) + sum)
    }
  }
  const speakers = world.nodes
    .filter(({ networkUnavailable, labels }) => !networkUnavailable && !labels.has(EXCLUDE))
    .filter(({ name }) => scores.has(name))
    .map(({ name }) => name)
  const available = service.local
    ? speakers.filter((name) => slices.some(({ nodes }) => nodes.includes(name)))
    : speakers
  const hash = (name: string) =>
    createHash('sha256').update(`${name}#${service.addresses[0]}`).digest()
  available.sort(
    (a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || Buffer.compare(hash(a), hash(b)),
  )
  return available[0] === me
}

/** Returns which Nodes answer for each address of a Service: at most one, as every speaker decides. */
export function metallbOwners(
  service: AnnouncedService,
  world: AnnounceObjects,
  prefixes: Prefixes,
): readonly string[] {
  return world.nodes
    .map(({ name }) => name)
    .filter((name) => shouldAnnounce(name, service, world, prefixes))
}
