import type { ServiceObject } from './service.ts'

/** `namespace/name`. */
export type ServiceName = string

/** Returns `namespace/name` of a Service. */
export function serviceName(service: Pick<ServiceObject, 'namespace' | 'name'>): ServiceName {
  return `${service.namespace}/${service.name}`
}

/** Returns the namespace of a Service, or of anything else that is named `namespace/name`. */
export function namespaceOf(name: string): string {
  return name.slice(0, name.indexOf('/'))
}
