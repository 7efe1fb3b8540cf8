import type { ServiceObject } from '../model/service.ts'
import { type Claim, serviceName } from './claims.ts'

/** Comments of elements, by which people and `diff` know whose they are. */

const MAX_COMMENT = 127 // NFTNL_UDATA_COMMENT_MAXLEN without its NUL

/** `namespace/name:port kind` */
export function claimLabel(service: ServiceObject, { port, kind }: Claim): string {
  const name = port.name === '' ? String(port.port) : port.name
  const tail = `:${name} ${kind}`
  return [serviceName(service).slice(0, MAX_COMMENT - tail.length), tail].join('')
}

/** `namespace/name:port health-check` */
export function healthCheckLabel(service: ServiceObject): string {
  const tail = `:${service.healthCheckPort} health-check`
  return serviceName(service).slice(0, MAX_COMMENT - tail.length) + tail
}

/** `namespace/name` */
export function serviceLabel(service: ServiceObject): string {
  return serviceName(service).slice(0, MAX_COMMENT)
}
