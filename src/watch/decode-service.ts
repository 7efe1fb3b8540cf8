import { z } from 'zod'
import type { Address, Cidr, Port } from '../model/address.ts'
import { type Scheduler, schedulerAnnotation, schedulers } from '../model/ipvs.ts'
import type { Affinity, ServiceObject, TrafficPolicy } from '../model/service.ts'
import { readServicePorts } from './decode-service-ports.ts'
import {
  anything,
  fields,
  list,
  nameOf,
  namespaceName,
  notSpecial,
  notSpecialOrLinkLocal,
  objectName,
  oneOf,
  parseFields,
  port,
  readAddress,
  readAddresses,
  readCidr,
  text,
} from './fields.ts'
import { joinPath, orList, type Problem, type Report, report as startReport } from './problem.ts'
import { shared } from './shared-text.ts'

export type DecodedService =
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

const proxyLabel = 'service.kubernetes.io/service-proxy-name'
const headlessLabel = 'service.kubernetes.io/headless'
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

const policy = oneOf(['Cluster', 'Local']).nullish()

/** The API server writes UTC without a fraction; such times compare as texts. */
const time = z
  .string({ error: 'a time such as 2026-01-31T12:00:00Z' })
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, {
    error: 'a time such as 2026-01-31T12:00:00Z',
  })

const seconds = z.custom<number>(
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 86400,
  { error: 'seconds from 1 to 86400' },
)

const serviceSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    creationTimestamp: time.nullish(),
    labels: fields({ [proxyLabel]: anything, [headlessLabel]: anything }).nullish(),
    annotations: fields({
      [rangesAnnotation]: text.nullish(),
      [schedulerAnnotation]: anything,
    }).nullish(),
  }),
  spec: fields({
    type: oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).nullish(),
    clusterIP: text.nullish(),
    clusterIPs: list.nullish(),
    externalIPs: list.nullish(),
    ports: list.nullish(),
    sessionAffinity: oneOf(['None', 'ClientIP']).nullish(),
    sessionAffinityConfig: fields({
      clientIP: fields({ timeoutSeconds: seconds.nullish() }).nullish(),
    }).nullish(),
    internalTrafficPolicy: policy,
    externalTrafficPolicy: policy,
    healthCheckNodePort: anything,
    loadBalancerSourceRanges: list.nullish(),
  }),
  status: fields({
    loadBalancer: fields({ ingress: list.nullish() }).nullish(),
  }).nullish(),
})

const ingressSchema = fields({
  ip: anything,
  ipMode: oneOf(['VIP', 'Proxy']).nullish(),
})

type ServiceFields = z.infer<typeof serviceSchema>
type Spec = ServiceFields['spec']

/** Reads a v1 Service by the rules kube-proxy reads it by. */
export function decodeService(json: unknown, source: string): DecodedService {
  const report = startReport(source, 'Service', nameOf(json, true))
  const { problems } = report
  const read = parseFields(serviceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reason = whyIgnored(read)
  if (reason !== undefined) return { kind: 'ignored', reason, problems }
  const service = serviceOf(read, report)
  return service === undefined
    ? { kind: 'invalid', problems }
    : { kind: 'service', service, problems }
}

function whyIgnored({ metadata, spec }: ServiceFields) {
  const labels = metadata.labels
  if (labels?.[proxyLabel] !== undefined) return 'other-proxy'
  if (spec.type === 'ExternalName') return 'external-name'
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'
  return headless || labels?.[headlessLabel] !== undefined ? 'headless' : undefined
}

function serviceOf(read: ServiceFields, report: Report): ServiceObject | undefined {
  const { metadata, spec } = read
  const balanced = spec.type === 'LoadBalancer'
  const ports = readServicePorts(spec.ports ?? [], balanced || spec.type === 'NodePort', report)
  // A range that cannot be read must not leave the Service open to everybody.
  const sourceRanges = balanced ? sourceRangesOf(read, report) : []
  if (ports.length === 0 || sourceRanges === undefined) return undefined
  return {
    namespace: shared(metadata.namespace || 'default'),
    name: metadata.name,
    created: metadata.creationTimestamp ?? '',
    clusterAddresses: clusterAddressesOf(spec, report),
    externalAddresses: readAddresses(
      spec.externalIPs ?? [],
      'spec.externalIPs',
      report,
      notSpecialOrLinkLocal,
    ),
    loadBalancerAddresses: balanced ? ingressAddressesOf(read, report) : [],
    sourceRanges,
    internalPolicy: spec.internalTrafficPolicy === 'Local' ? 'local' : 'cluster',
    externalPolicy: externalPolicyOf(spec),
    affinity: affinityOf(spec),
    scheduler: schedulerOf(read, report),
    healthCheckPort: healthCheckPortOf(spec, report),
    ports,
  }
}

function clusterAddressesOf(spec: Spec, report: Report): Address[] {
  if (spec.clusterIPs?.length) {
    return readAddresses(spec.clusterIPs, 'spec.clusterIPs', report, notSpecial)
  }
  if (!spec.clusterIP) return []
  const address = readAddress(spec.clusterIP, 'spec.clusterIP', report, notSpecial)
  return address === undefined ? [] : [address]
}

/** Only a Service that can be reached from outside has an external policy. */
function externalPolicyOf(spec: Spec): TrafficPolicy {
  const external =
    spec.type === 'LoadBalancer' || spec.type === 'NodePort' || !!spec.externalIPs?.length
  return external && spec.externalTrafficPolicy === 'Local' ? 'local' : 'cluster'
}

function affinityOf(spec: Spec): Affinity {
  if (spec.sessionAffinity !== 'ClientIP') return { kind: 'none' }
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800
  return { kind: 'client-ip', seconds: timeout }
}

function schedulerOf({ metadata }: ServiceFields, report: Report): Scheduler | undefined {
  const found = metadata.annotations?.[schedulerAnnotation]
  if (found === undefined || found === null || found === '') return undefined
  const scheduler = schedulers.find((each) => each === found)
  if (scheduler !== undefined) return scheduler
  const path = joinPath('metadata.annotations', schedulerAnnotation)
  report.note(path, found, orList(schedulers), 'the scheduler of the configuration is used')
  return undefined
}

/** The API server writes 0 where there is none. */
function healthCheckPortOf(spec: Spec, report: Report): Port | undefined {
  const { healthCheckNodePort: found } = spec
  const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (!local || found === undefined || found === null || found === 0) return undefined
  return parseFields(port, found, 'spec.healthCheckNodePort', report)
}

/** Addresses with ipMode Proxy, and entries with a host name alone, are not ours to translate. */
function ingressAddressesOf(read: ServiceFields, report: Report): Address[] {
  const addresses = new Set<Address>()
  const ingress = read.status?.loadBalancer?.ingress ?? []
  ingress.forEach((entry, i) => {
    const path = joinPath('status.loadBalancer.ingress', i)
    const point = parseFields(ingressSchema, entry, path, report)
    if (point === undefined || point.ipMode === 'Proxy') return
    if (point.ip === undefined || point.ip === null || point.ip === '') return
    const address = readAddress(point.ip, joinPath(path, 'ip'), report, notSpecial)
    if (address !== undefined) addresses.add(address)
  })
  return [...addresses]
}

/** The field, or else the annotation it replaced; undefined when any of them is unreadable. */
function sourceRangesOf(read: ServiceFields, report: Report): Cidr[] | undefined {
  const field = read.spec.loadBalancerSourceRanges ?? []
  if (field.length > 0) return allCidrs(field, 'spec.loadBalancerSourceRanges', report)
  const annotation = (read.metadata.annotations?.[rangesAnnotation] ?? '').trim()
  if (annotation === '') return []
  return allCidrs(annotation.split(','), joinPath('metadata.annotations', rangesAnnotation), report)
}

function allCidrs(values: readonly unknown[], path: string, report: Report): Cidr[] | undefined {
  const cidrs = values.map((value, i) => readCidr(value, joinPath(path, i), report))
  const good = cidrs.filter((cidr) => cidr !== undefined)
  return good.length === cidrs.length ? [...new Set(good)] : undefined
}
