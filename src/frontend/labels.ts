import type { ServiceObject } from '../model/service.ts'
import { serviceName } from '../model/service-name.ts'
import type { Frontend } from './frontends.ts'
import { labelOf, type Owner, ownerOf } from './label-text.ts'

/** `owner:port kind` */
export function frontendLabel(
  service: ServiceObject,
  { port, kind }: Pick<Frontend, 'port' | 'kind'>,
): string {
  return labelOf(serviceName(service), port.name === '' ? String(port.port) : port.name, kind)
}

/** `owner:port health-check` */
export function healthCheckLabel(service: ServiceObject): string {
  return labelOf(serviceName(service), String(service.healthCheckPort), 'health-check')
}

/** Of what belongs to a Service as a whole. */
export function serviceLabel(service: ServiceObject): Owner {
  return ownerOf(serviceName(service))
}

/** Of what labels say, `namespace/name`. */
export type NameOf = (owner: Owner) => string

/** `namespace/name` of those that are known; of another one, as its labels say. */
export function namesOf(services: readonly ServiceObject[]): NameOf {
  const names = new Map(services.map((each) => [serviceLabel(each), serviceName(each)] as const))
  return (owner) => names.get(owner) ?? owner
}
