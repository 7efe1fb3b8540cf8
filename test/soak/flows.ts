import type { Goal } from '../../src/dataplane/dataplane.ts'
import { type Address, familyOf, type Port } from '../../src/model/address.ts'
import type { ServiceObject, ServicePort } from '../../src/model/service.ts'
import type { Lab } from '../support/lab.ts'

/** A UDP flow in the node's conntrack. */
interface Flow {
  readonly line: string
  readonly to: End
  readonly answerer: End
}

export interface End {
  readonly address: string
  readonly port: number
}

/** Whether the objects demand that a client is led to an endpoint. */
export type IsLed = (to: End) => boolean

/**
 * Returns the UDP flows to addresses of Services that lead to what serves none of them any more, or
 * past the endpoints that there are, as conntrack lists them. No rule translates a packet of such a
 * flow anew, so no comparison of rules shows them.
 */
export async function strayFlows(lab: Lab, goal: Goal, isLed: IsLed): Promise<readonly string[]> {
  const lists = await Promise.all(
    (['ipv4', 'ipv6'] as const).map((family) =>
      lab.run('conntrack', ['-L', '-f', family, '-p', 'udp']),
    ),
  )
  const failed = lists.find(({ exitCode }) => exitCode !== 0)
  if (failed !== undefined) throw new Error(`conntrack does not list flows: ${failed.stderr}`)
  const flows = lists.flatMap(({ stdout }) => stdout.split('\n').flatMap(flowIn))
  return flows.filter((flow) => isStray(flow, goal, isLed)).map((flow) => told(flow, goal))
}

const ENDS = /src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?src=(\S+) dst=\S+ sport=(\d+)/

function flowIn(line: string): readonly Flow[] {
  const found = ENDS.exec(line)
  if (found === null) return []
  const [, to = '', port, from = '', answering] = found
  return [
    {
      line,
      to: { address: to, port: Number(port) },
      answerer: { address: from, port: Number(answering) },
    },
  ]
}

/** What was not translated is for the rules to judge, packet by packet, unless it is to be led. */
function isStray({ to, answerer }: Flow, goal: Goal, isLed: IsLed): boolean {
  const claims = claimsOf(to, goal)
  if (claims.length === 0) return false
  if (isSame(to, answerer)) return isLed(to)
  return !claims.some((claim) => servers(claim, to, goal).some((end) => isSame(end, answerer)))
}

function told({ line, to }: Flow, goal: Goal): string {
  const claims = claimsOf(to, goal).map((claim) => {
    const ends = servers(claim, to, goal).map(({ address, port }) => `${address} port ${port}`)
    const { service, port } = claim
    return `${service.name} port ${port.name}: ${ends.join(', ') || 'nothing'}`
  })
  return `${line}\n  there serve ${claims.join('; ')}`
}

function isSame(one: End, other: End): boolean {
  return one.address === other.address && one.port === other.port
}

interface Claim {
  readonly service: ServiceObject
  readonly port: ServicePort
}

/** Whichever of them has the address. */
function claimsOf({ address, port }: End, { cluster, node, settings }: Goal): readonly Claim[] {
  const all = settings.scope === 'all'
  const isNode = all && node.addresses.some((each) => each === address)
  return cluster.services.flatMap((service) => {
    const { clusterAddresses, loadBalancerAddresses, externalAddresses } = service
    const own: readonly string[] = [
      ...(all ? clusterAddresses : []),
      ...loadBalancerAddresses,
      ...externalAddresses,
    ]
    return service.ports
      .filter(({ protocol }) => protocol === 'udp')
      .filter((each) => (own.includes(address) ? each.port : isNode && each.nodePort) === port)
      .map((each) => ({ service, port: each }))
  })
}

/** All that serve, whatever policies say: they keep the flows that they have. */
function servers({ service, port }: Claim, to: End, { cluster }: Goal): readonly End[] {
  return cluster.slices
    .filter((slice) => slice.namespace === service.namespace && slice.service === service.name)
    .filter((slice) => slice.family === familyOf(to.address as Address))
    .flatMap(({ ports, endpoints }) =>
      ports
        .filter((each) => each.name === port.name && each.protocol === 'udp')
        .flatMap((each: { readonly port: Port }) =>
          endpoints
            .filter(({ ready, serving }) => ready || serving)
            .map(({ address }) => ({ address, port: each.port })),
        ),
    )
}
