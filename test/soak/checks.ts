import { setTimeout as pause } from 'node:timers/promises'
import { load } from '../../src/cli/load.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { type Address, familyOf } from '../../src/model/address.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import type { ProbeResult } from '../support/agent.ts'
import { type Demand, demandOf } from '../support/service-semantics.ts'
import { answerers, nodeAddresses, outsider } from '../support/topology.ts'
import { labPacket } from '../support/traced-packets.ts'
import { type End, strayFlows } from './flows.ts'
import { NODE } from './manifests.ts'
import type { Random } from './random.ts'
import type { Choice } from './schedule.ts'
import type { World } from './world.ts'

/** Milliseconds from the last disturbance by which all has to be as the objects say. */
const SETTLE_MS = 60_000
const EVERY_MS = 100

export type Settled =
  | { readonly kind: 'settled'; readonly ms: number; readonly files: string }
  | { readonly kind: 'diverged'; readonly reason: string }
  /** The agent ended, which has been told. */
  | { readonly kind: 'dead' }

/** Waits until a program that knows nothing of the agent finds nothing to change. */
export async function settle(world: World): Promise<Settled> {
  const began = performance.now()
  while (world.isAlive) {
    const files = await world.objects.files()
    const reason = await difference(world, files)
    const ms = Math.round(performance.now() - began)
    if (reason === undefined) return { kind: 'settled', ms, files }
    if (ms > SETTLE_MS) return { kind: 'diverged', reason }
    await pause(EVERY_MS)
  }
  return { kind: 'dead' }
}

/** What is not as it should be, if anything. */
async function difference(world: World, files: string): Promise<string | undefined> {
  const { lab, choice, configuration } = world
  if (!(await world.isReady())) return '/readyz does not say ready'
  const options = ['--node', NODE, '--config', configuration, '-f', files]
  const { exitCode, stdout, stderr } = await lab.nodelb(['diff', ...options])
  if (exitCode !== 0) return `nodelb diff: ${exitCode}\n${stdout}\n${stderr}`
  const left = await leftovers(world, choice)
  return left === '' ? undefined : `rules of another backend remain: ${left}`
}

/** What a backend that is not chosen has in the kernel. */
async function leftovers({ lab }: World, { backend, flavour }: Choice): Promise<string> {
  const chains = (program: string) => `${program} 2>/dev/null | grep '^:NODELB'`
  const byTables = backend !== 'iptables'
  const searches = [
    ...(byTables ? [] : [`nft list tables | grep nodelb`]),
    ...(byTables || flavour === 'legacy' ? IPTABLES.nft.map(chains) : []),
    ...(byTables || flavour === 'nft' ? IPTABLES.legacy.map(chains) : []),
  ]
  const { stdout } = await lab.run('sh', ['-c', searches.join('; ')])
  return stdout
}

const IPTABLES = {
  nft: ['iptables-nft-save', 'ip6tables-nft-save'],
  legacy: ['iptables-legacy-save', 'ip6tables-legacy-save'],
} as const

/** Where a client may go. */
interface Destination {
  readonly to: string
  readonly protocol: 'tcp' | 'udp'
}

export interface Sent {
  readonly connections: number
  /** Those that did not do as the objects demand. */
  readonly wrong: readonly string[]
}

/** Connections to a few Services, at each of their addresses and ports. */
export async function sendPackets(world: World, files: string, random: Random): Promise<Sent> {
  const goal = goalOf(world, files)
  const services = random.some(goal.cluster.services, SERVICES)
  const destinations = services.flatMap((service) => destinationsOf(service, goal))
  const sent = destinations.map(async (each) => {
    const demand = demandFor(each, goal)
    // Where a pod is demanded that is not there, silence says nothing.
    if (demand.kind === 'delivered' && !demand.to.every(isAnswered)) return []
    const timeout = demand.kind === 'dropped' ? 500 : 5_000
    const probe = { from: 'client', ...each, count: 4, concurrency: 2, timeout } as const
    return (await world.lab.probe(probe)).map((result) => {
      if (fits(result, demand, each.to)) return undefined
      return `${each.to}/${each.protocol}: expected ${say(demand)}, but ${JSON.stringify(result)}`
    })
  })
  const results = (await Promise.all(sent)).flat()
  return { connections: results.length, wrong: results.filter((line) => line !== undefined) }
}

const SERVICES = 6

/** Milliseconds in which flows are cleaned after what was programmed last. */
const CLEANED_MS = 5_000

/** Waits until no flow leads to what serves its Service no more; returns those that stay. */
export async function straysLeft(world: World, files: string): Promise<readonly string[]> {
  const goal = goalOf(world, files)
  const isLed = ({ address, port }: End): boolean => {
    const to = at(address as Address, port)
    return demandFor({ to, protocol: 'udp' }, goal).kind === 'delivered'
  }
  const began = performance.now()
  for (;;) {
    const strays = await strayFlows(world.lab, goal, isLed)
    if (strays.length === 0 || performance.now() - began > CLEANED_MS) return strays
    await pause(EVERY_MS)
  }
}

function goalOf({ configuration }: World, files: string): Goal {
  const loaded = load({
    files: [files],
    node: NODE,
    config: configuration,
    scope: undefined,
    backend: undefined,
    format: 'text',
  })
  if (loaded.kind === 'failed') throw new Error(JSON.stringify(loaded.problems))
  return loaded.goal
}

function destinationsOf(service: ServiceObject, { node }: Goal): readonly Destination[] {
  const { clusterAddresses, loadBalancerAddresses, externalAddresses, ports } = service
  const addresses = [...clusterAddresses, ...loadBalancerAddresses, ...externalAddresses]
  return ports.flatMap(({ protocol, port, nodePort }) => {
    if (protocol === 'sctp') return []
    const nodePorts = nodePort === undefined ? [] : node.addresses.map((to) => at(to, nodePort))
    const to = [...addresses.map((address) => at(address, port)), ...nodePorts]
    return to.map((each) => ({ to: each, protocol }))
  })
}

function at(address: Address, port: number): string {
  return familyOf(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`
}

function demandFor({ to, protocol }: Destination, goal: Goal): Demand {
  const { cluster, node, settings } = goal
  const world = { cluster, node, settings, own: new Set(nodeAddresses) }
  return demandOf(world, labPacket('client', to, protocol))
}

function isAnswered({ address }: { readonly address: Address }): boolean {
  return podAt(address) !== undefined
}

function podAt(address: string): string | undefined {
  const all = Object.values(answerers).flat()
  return all.find(({ addresses }) => addresses.includes(address))?.name
}

function fits(result: ProbeResult, demand: Demand, to: string): boolean {
  switch (demand.kind) {
    case 'delivered':
      return (
        result.kind === 'answered' && demand.to.some(({ address }) => podAt(address) === result.pod)
      )
    case 'untouched':
      // What is for the node itself finds no listener there.
      return nodeAddresses.some((own) => to.replace(/^\[/, '').startsWith(own))
        ? result.kind === 'refused'
        : result.kind === 'answered' && result.pod === outsider
    case 'refused':
    case 'dropped':
      return result.kind === demand.kind
  }
}

function say(demand: Demand): string {
  if (demand.kind !== 'delivered') return demand.kind
  return demand.to.map(({ address, port }) => `${address} port ${port}`).join(' or ')
}
