import type { Protocol } from '../model/address.ts'
import type { ServiceObject, ServicePort } from '../model/service.ts'
import { serviceName } from '../model/service-name.ts'
import type { Frontend } from './frontends.ts'
import { labelOf, type Owner, ownerOf, portIn } from './label-text.ts'

/** Returns the label of a frontend, `owner:port kind`. */
export function frontendLabel(
  service: ServiceObject,
  { port, kind }: Pick<Frontend, 'port' | 'kind'>,
): string {
  return labelOf(serviceName(service), port.name === '' ? String(port.port) : port.name, kind)
}

/**
 * Returns the port of its Service to which a frontend belongs; undefined if it has none. The label says whether the
 * frontend is a port of the node. The name in it is not compared: a port without a name is there with its number.
 */
export function portOfFrontend(
  { ports }: Pick<ServiceObject, 'ports'>,
  label: string,
  frontend: { readonly protocol: Protocol; readonly port: number },
): ServicePort | undefined {
  const isOfNode = portIn(label).kind === 'node-port'
  return ports.find(
    ({ protocol, port, nodePort }) =>
      protocol === frontend.protocol && (isOfNode ? nodePort : port) === frontend.port,
  )
}

/** Returns the label of the health-check port, `owner:port health-check`. */
export function healthCheckLabel(service: ServiceObject): string {
  return labelOf(serviceName(service), String(service.healthCheckPort), 'health-check')
}

/** Returns the label of what belongs to a Service as a whole. */
export function serviceLabel(service: ServiceObject): Owner {
  return ownerOf(serviceName(service))
}

/** Returns `namespace/name` for the owner that a label names. */
export type NameOf = (owner: Owner) => string

/** Returns a function that gives the full name of these Services, and any other owner as it is. */
export function namesOf(services: readonly ServiceObject[]): NameOf {
  const names = new Map(services.map((each) => [serviceLabel(each), serviceName(each)] as const))
  return (owner) => names.get(owner) ?? owner
}
