/** The objects of several Nodes behind one router. */

import { advertisement, bfdProfile, bgpAddress, bgpPeer, bgpService, pool } from './bgp-objects.ts'

export const FABRIC_ROUTER = '10.0.0.254'

/** What the objects say. */
export interface Scene {
  /** The names of the Nodes. */
  readonly nodes: readonly string[]
  /** How many Services there are. */
  readonly services: number
  /** The Nodes with an endpoint of each Service. */
  readonly endpoints: readonly string[]
  /** Of these, the Nodes whose endpoints are about to end, and still serve. */
  readonly ending?: readonly string[]
  readonly policy: 'Cluster' | 'Local'
  readonly cordoned: readonly string[]
  /** Of all Services. */
  readonly communities: readonly string[]
  /** Whether the peer is watched by BFD. */
  readonly bfd: boolean
}

/** Returns the address of a Node, by its number from 0. */
export function nodeAddress(at: number): string {
  return `10.0.0.${at + 1}`
}

/** Returns the address of the endpoint that a Node has. */
export function podAddress(at: number): string {
  return `10.244.${at + 1}.10`
}

export function fabricObjects(scene: Scene): readonly object[] {
  const { nodes, services, communities, bfd } = scene
  const numbers = Array.from({ length: services }, (_, at) => at)
  const fast = { transmitInterval: 100, receiveInterval: 100 }
  return [
    ...nodes.map((name, at) => nodeOf(name, at, scene)),
    pool('many', ['100.64.0.0/16']),
    bgpPeer('tor', bfd ? { bfdProfile: 'fast' } : {}),
    ...(bfd ? [bfdProfile('fast', fast)] : []),
    advertisement('all', { communities }),
    ...numbers.flatMap((at) => serviceOf(at, scene)),
  ]
}

function nodeOf(name: string, at: number, { cordoned }: Scene): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name } },
    spec: { unschedulable: cordoned.includes(name), podCIDR: `10.244.${at + 1}.0/24` },
    status: { addresses: [{ type: 'InternalIP', address: nodeAddress(at) }] },
  }
}

/** Returns the objects of a Service, by its number from 0. */
export function serviceOf(
  service: number,
  { nodes, endpoints, ending = [], policy }: Scene,
): readonly object[] {
  const [object, slice] = bgpService(`many-${service}`, bgpAddress(service)) as [Spec, object]
  const ready = endpoints.map((nodeName) => ({
    ...{ addresses: [podAddress(nodes.indexOf(nodeName))], nodeName },
    conditions: ending.includes(nodeName) ? ENDING : { ready: true },
  }))
  return [
    { ...object, spec: { ...object.spec, externalTrafficPolicy: policy } },
    { ...slice, endpoints: ready },
  ]
}

const ENDING = { ready: false, serving: true, terminating: true }

type Spec = object & { readonly spec: object }
