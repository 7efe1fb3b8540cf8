import type { ToldAnnouncer } from '../../decode/cluster/told-announcer.ts'
import type { AddressOrigin, SliceEndpoint, SliceObject } from '../../model/service.ts'
import type { Matter } from '../look-at.ts'
import type { ClusterInput } from './cluster-input.ts'
import { clusterMatters } from './cluster-matters.ts'
import { type ClusterServiceRow, serviceList } from './service-list.ts'

/** One Service, opened. */
export interface ServiceDetail {
  /** `namespace/name`. */
  readonly service: string
  /** False if there is no such Service. */
  readonly isKnown: boolean
  readonly rows: readonly ClusterServiceRow[]
  /** Where its addresses come from; undefined if nothing says it. */
  readonly origin: AddressOrigin | undefined
  readonly announcers: readonly ToldAnnouncer[]
  readonly matters: readonly Matter[]
  /** In order of Node and address. */
  readonly endpoints: readonly EndpointRow[]
}

/** An endpoint of a Service with the ports that it has. */
interface EndpointRow {
  readonly address: string
  /** Such as `http 8080`. */
  readonly ports: readonly string[]
  /** Empty if the slice names none. */
  readonly node: string
  readonly state: 'ready' | 'ends' | 'not ready'
}

/** Returns what is known of a Service; `slices` are at least its own. */
export function serviceDetail(
  service: string,
  input: ClusterInput,
  slices: readonly SliceObject[],
): ServiceDetail {
  const found = input.served.services.find((each) => each.service === service)
  const rows = serviceList(input).filter((row) => row.service === service)
  return {
    service,
    isKnown: found !== undefined || rows.length > 0,
    rows,
    origin: found?.origin ?? undefined,
    announcers: input.announcers.filter((each) => each.service === service),
    matters: clusterMatters(input).filter(({ about }) => about === service),
    endpoints: slices
      .filter((slice) => `${slice.namespace}/${slice.service}` === service)
      .flatMap(endpointsOf)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  }
}

function keyOf({ node, address }: EndpointRow): string {
  return `${node} ${address}`
}

function endpointsOf({ ports, endpoints }: SliceObject): readonly EndpointRow[] {
  const texts = ports.map(({ name, port }) => (name === '' ? String(port) : `${name} ${port}`))
  return endpoints.map((endpoint) => {
    const { address, nodeName = '' } = endpoint
    return { address, ports: texts, node: nodeName, state: stateOf(endpoint) }
  })
}

function stateOf({ ready, serving, terminating }: SliceEndpoint): EndpointRow['state'] {
  if (ready) return 'ready'
  return serving && terminating ? 'ends' : 'not ready'
}
