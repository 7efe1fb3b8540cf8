import * as z from 'zod'
import { FieldReader } from '../decode/field-reader.ts'
import {
  anything,
  emptyOr,
  fields,
  list,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  port,
  time,
  valueAt,
} from '../decode/fields.ts'
import {
  joinPath,
  orList,
  type Problem,
  type Report,
  report as startReport,
} from '../decode/problem.ts'
import type { Port } from '../model/address.ts'
import { type Scheduler, schedulerAnnotation, schedulers } from '../model/ipvs.ts'
import type { Affinity, ServiceObject, TrafficPolicy } from '../model/service.ts'
import { addressOriginOf } from './decode-address-origin.ts'
import {
  clusterAddressesOf,
  externalAddressesOf,
  ingressAddressesOf,
} from './decode-service-addresses.ts'
import { readServicePorts } from './decode-service-ports.ts'
import { readSourceRanges } from './decode-source-ranges.ts'
import { headlessLabel, proxyLabel } from './service-label.ts'
import { shared } from './shared-text.ts'

type DecodedService =
  | {
      readonly kind: 'service'
      readonly service: ServiceObject
      readonly problems: readonly Problem[]
    }
  | {
      readonly kind: 'ignored'
      readonly reason: 'headless' | 'external-name' | 'other-proxy'
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const policy = emptyOr(['Cluster', 'Local']).transform(
  (found): TrafficPolicy => (found === 'Local' ? 'local' : 'cluster'),
)

const seconds = z.custom<number>(
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 86400,
  { error: 'seconds from 1 to 86400' },
)

/**
 * The fields that the whole Service depends on; every other field is read on its own
 * (docs/objects.md).
 */
const serviceSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    creationTimestamp: anything,
    labels: fields({ [proxyLabel]: anything, [headlessLabel]: anything }).nullish(),
    annotations: anything,
  }),
  spec: fields({
    type: emptyOr(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
    clusterIP: anything,
    clusterIPs: anything,
    externalIPs: anything,
    ports: list.nullish(),
    sessionAffinity: anything,
    sessionAffinityConfig: anything,
    internalTrafficPolicy: anything,
    externalTrafficPolicy: anything,
    healthCheckNodePort: anything,
    loadBalancerSourceRanges: anything,
  }),
  status: anything,
})

/** Schemas are made once: making one takes longer than reading a field by it. */
const createdSchema = time.nullish()
const affinitySchema = emptyOr(['None', 'ClientIP'])
const affinityConfig = fields({
  clientIP: fields({ timeoutSeconds: seconds.nullish() }).nullish(),
}).nullish()

type ServiceFields = z.infer<typeof serviceSchema>
type Spec = ServiceFields['spec']

/**
 * Reads a v1 Service by kube-proxy's rules. A field that cannot be read keeps its value from the
 * version before (`former`); without one, the parts that depend on the field are left out. The
 * Service is `invalid` if no port is left.
 */
export function decodeService(
  json: unknown,
  source: string,
  former?: ServiceObject,
): DecodedService {
  const report = startReport(source, 'Service', nameOf(json, true))
  const { problems } = report
  const read = parseFields(serviceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reason = whyIgnored(read)
  if (reason !== undefined) return { kind: 'ignored', reason, problems }
  const service = serviceOf(read, former, new FieldReader(report))
  return service === undefined
    ? { kind: 'invalid', problems }
    : { kind: 'service', service, problems }
}

function whyIgnored({ metadata, spec }: ServiceFields) {
  const labels = metadata.labels
  if (labels?.[proxyLabel] !== undefined) return 'other-proxy'
  if (spec.type === 'ExternalName') return 'external-name'
  const headless = spec.clusterIP === 'None' || valueAt(spec.clusterIPs, [0]) === 'None'
  return headless || labels?.[headlessLabel] !== undefined ? 'headless' : undefined
}

function serviceOf(
  read: ServiceFields,
  former: ServiceObject | undefined,
  reader: FieldReader,
): ServiceObject | undefined {
  const { metadata, spec } = read
  const balanced = spec.type === 'LoadBalancer'
  const ports = readServicePorts(spec.ports ?? [], hasNodePorts(spec), reader.report)
  if (ports.length === 0) return undefined
  const created = reader.read(metadata.creationTimestamp, createdSchema, CREATED, former?.created)
  const balancerAddresses = balanced
    ? (ingressAddressesOf(read, reader) ?? former?.loadBalancerAddresses ?? [])
    : []
  const origin = balancerAddresses.length === 0 ? undefined : addressOriginOf(metadata, read.status)
  const service: ServiceObject = {
    namespace: shared(metadata.namespace || 'default'),
    name: metadata.name,
    created: created ?? '',
    clusterAddresses: clusterAddressesOf(spec, reader) ?? former?.clusterAddresses ?? [],
    externalAddresses: externalAddressesOf(spec, reader) ?? former?.externalAddresses ?? [],
    loadBalancerAddresses: balancerAddresses,
    ...(origin && { addressOrigin: origin }),
    sourceRanges: [],
    internalPolicy: reader.read(
      spec.internalTrafficPolicy,
      policy,
      'spec.internalTrafficPolicy',
      // kube-proxy, too, takes every value but Local for Cluster.
      former?.internalPolicy ?? 'cluster',
    ),
    externalPolicy: 'cluster',
    affinity: affinityOf(spec, former, reader),
    scheduler: schedulerOf(read, reader.report),
    healthCheckPort: undefined,
    ports,
  }
  const guarded = balanced ? readSourceRanges(read, service, former, reader) : {}
  const whole = withExternalPolicy({ ...service, ...guarded }, spec, former, reader)
  return reader.unread && former === undefined ? { ...whole, partial: true } : whole
}

const CREATED = 'metadata.creationTimestamp'

/**
 * Adds the external traffic policy, which only a Service reachable from outside has. Without a
 * readable policy its outside addresses and NodePorts are left out: under Cluster, pods would see
 * the node's address instead of the client's.
 */
function withExternalPolicy(
  service: ServiceObject,
  spec: Spec,
  former: ServiceObject | undefined,
  reader: FieldReader,
): ServiceObject {
  const before = former !== undefined && isExternal(former) ? former.externalPolicy : undefined
  const path = 'spec.externalTrafficPolicy'
  const found = reader.read(spec.externalTrafficPolicy, policy, path, before)
  if (!hasNodePorts(spec) && !isExternal(service)) return service
  if (found === undefined) {
    const ports = service.ports.map((each) => ({ ...each, nodePort: undefined }))
    return { ...service, externalAddresses: [], loadBalancerAddresses: [], ports }
  }
  const local = spec.type === 'LoadBalancer' && found === 'local'
  const healthCheckPort = local ? healthCheckPortOf(spec, former, reader) : undefined
  return { ...service, externalPolicy: found, healthCheckPort }
}

/** Returns whether the Service's type asks for NodePorts. */
function hasNodePorts({ type }: Spec): boolean {
  return type === 'LoadBalancer' || type === 'NodePort'
}

function isExternal(service: ServiceObject): boolean {
  const { externalAddresses, loadBalancerAddresses, ports, healthCheckPort } = service
  return (
    externalAddresses.length + loadBalancerAddresses.length > 0 ||
    healthCheckPort !== undefined ||
    ports.some(({ nodePort }) => nodePort !== undefined)
  )
}

function affinityOf(spec: Spec, former: ServiceObject | undefined, reader: FieldReader): Affinity {
  const before = former?.affinity ?? { kind: 'none' }
  const affinity = reader.read(
    spec.sessionAffinity,
    affinitySchema,
    'spec.sessionAffinity',
    before.kind === 'none' ? 'None' : 'ClientIP',
  )
  const config = reader.read(
    spec.sessionAffinityConfig,
    affinityConfig,
    'spec.sessionAffinityConfig',
    before.kind === 'none' ? undefined : { clientIP: { timeoutSeconds: before.seconds } },
  )
  if (affinity !== 'ClientIP') return { kind: 'none' }
  return { kind: 'client-ip', seconds: config?.clientIP?.timeoutSeconds ?? 10800 }
}

function schedulerOf({ metadata }: ServiceFields, report: Report): Scheduler | undefined {
  const found = valueAt(metadata.annotations, [schedulerAnnotation])
  if (found === undefined || found === null || found === '') return undefined
  const scheduler = schedulers.find((each) => each === found)
  if (scheduler !== undefined) return scheduler
  const path = joinPath('metadata.annotations', schedulerAnnotation)
  report.note(path, found, orList(schedulers), 'the scheduler of the configuration is used')
  return undefined
}

/** Returns the health check port; the API server writes 0 if there is none. */
function healthCheckPortOf(
  { healthCheckNodePort: found }: Spec,
  former: ServiceObject | undefined,
  reader: FieldReader,
): Port | undefined {
  if (found === undefined || found === null || found === 0) return undefined
  return reader.read(found, port, 'spec.healthCheckNodePort', former?.healthCheckPort)
}
