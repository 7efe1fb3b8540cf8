import * as z from 'zod'
import {
  anything,
  fields,
  flag,
  list,
  nameOf,
  namespaceName,
  objectName,
  ofFamily,
  oneOf,
  parseFields,
  port,
  portName,
  protocol,
  readAddress,
  text,
  valueAt,
} from '../decode/fields.ts'
import {
  joinPath,
  type Problem,
  type Report,
  said,
  report as startReport,
} from '../decode/problem.ts'
import type { IpFamily } from '../model/address.ts'
import type { SliceEndpoint, SliceObject, SlicePort } from '../model/service.ts'
import { headlessLabel, proxyLabel, serviceLabel, serviceLabelValue } from './service-label.ts'
import { shared } from './shared-text.ts'

type DecodedSlice =
  | { readonly kind: 'slice'; readonly slice: SliceObject; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'ignored'
      readonly reason: 'host-names' | 'no-service' | 'headless' | 'other-proxy'
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const sliceSchema = fields({
  // Other versions describe endpoints differently.
  apiVersion: z.literal('discovery.k8s.io/v1', { error: 'discovery.k8s.io/v1' }).nullish(),
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    labels: fields({
      [serviceLabel]: serviceLabelValue,
      [proxyLabel]: anything,
      [headlessLabel]: anything,
    }).nullish(),
  }),
  addressType: oneOf(['IPv4', 'IPv6', 'FQDN']),
  ports: list.nullish(),
  endpoints: list.nullish(),
})

const portSchema = fields({ name: portName.nullish(), protocol, port: port.nullish() })

const named = z.array(fields({ name: text }), { error: 'a list' }).nullish()

const endpointSchema = fields({
  addresses: z.array(z.unknown(), { error: 'a list of addresses' }).min(1, {
    error: 'a list of addresses',
  }),
  nodeName: anything,
  conditions: fields({
    ready: flag.nullish(),
    serving: flag.nullish(),
    terminating: flag.nullish(),
  }).nullish(),
  hints: anything,
})

const nodeNameSchema = text.nullish()

const hintsSchema = fields({ forZones: named, forNodes: named }).nullish()

type SliceFields = z.infer<typeof sliceSchema>

/**
 * Reads a discovery.k8s.io/v1 EndpointSlice by kube-proxy's rules. A bad port or endpoint is
 * reported and left out; the slice is `invalid` if all of its ports, or all of its endpoints, are
 * bad.
 */
export function decodeEndpointSlice(json: unknown, source: string): DecodedSlice {
  const report = startReport(source, 'EndpointSlice', nameOf(json, true))
  const { problems } = report
  const read = parseFields(sliceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reason = whyIgnored(read)
  if (reason !== undefined) return { kind: 'ignored', reason, problems }
  const slice = sliceOf(read, report)
  return isLeft(read, slice, problems)
    ? { kind: 'slice', slice, problems }
    : { kind: 'invalid', problems }
}

/**
 * Returns when the change that caused this version of the slice happened, in milliseconds since
 * 1970; undefined without a readable last-change-trigger-time annotation.
 */
export function triggerTime(slice: unknown): number | undefined {
  const path = ['metadata', 'annotations', 'endpoints.kubernetes.io/last-change-trigger-time']
  const text = valueAt(slice, path)
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/**
 * Returns whether at least one port and one endpoint could be read, as far as the slice has any.
 */
function isLeft(read: SliceFields, slice: SliceObject, problems: readonly Problem[]): boolean {
  if (!problems.some(({ severity }) => severity === 'error')) return true
  const noPort = slice.ports.length === 0 && !!read.ports?.length
  const noEndpoint = slice.endpoints.length === 0 && !!read.endpoints?.length
  return !noPort && !noEndpoint
}

function whyIgnored({ addressType, metadata }: SliceFields) {
  const labels = metadata.labels
  if (labels?.[proxyLabel] !== undefined) return 'other-proxy'
  if (labels?.[headlessLabel] !== undefined) return 'headless'
  if (addressType === 'FQDN') return 'host-names'
  return labels?.[serviceLabel] ? undefined : 'no-service'
}

/**
 * Returns a note about slices that name no Service, as other controllers make them; undefined if
 * `count` is 0.
 */
export function slicesWithoutService(count: number, source: string): Problem | undefined {
  const report = startReport(source)
  const slices = count === 1 ? '1 EndpointSlice' : `${count} EndpointSlices`
  const found = said(`${slices} without the label ${serviceLabel}`)
  if (count > 0) report.note('', found, 'the name of a Service there', 'passed over')
  return report.problems[0]
}

function sliceOf(read: SliceFields, report: Report): SliceObject {
  const family = read.addressType === 'IPv6' ? 'ipv6' : 'ipv4'
  return {
    namespace: shared(read.metadata.namespace || 'default'),
    name: read.metadata.name,
    service: read.metadata.labels?.[serviceLabel] ?? '',
    family,
    ports: portsOf(read.ports ?? [], report),
    endpoints: endpointsOf(read.endpoints ?? [], family, report),
  }
}

function portsOf(values: readonly unknown[], report: Report): SlicePort[] {
  const ports = new Map<string, SlicePort>()
  values.forEach((value, i) => {
    const path = joinPath('ports', i)
    const read = parseFields(portSchema, value, path, report)
    if (read === undefined) return
    const { port } = read
    const name = read.name ?? ''
    if (port === undefined || port === null) {
      // In the API, no port means every port. No Service port can be translated to that.
      report.note(joinPath(path, 'port'), port, 'a port from 1 to 65535', 'passed over')
    } else if (ports.has(name)) {
      report.error(joinPath(path, 'name'), name, 'a name no other port of the slice has')
    } else {
      ports.set(name, { name: shared(name), protocol: read.protocol, port })
    }
  })
  return [...ports.values()]
}

function endpointsOf(
  values: readonly unknown[],
  family: IpFamily,
  report: Report,
): SliceEndpoint[] {
  const endpoints: SliceEndpoint[] = []
  values.forEach((value, i) => {
    const endpoint = endpointOf(value, joinPath('endpoints', i), family, report)
    if (endpoint !== undefined) endpoints.push(endpoint)
  })
  // The copy takes only the memory that it needs: `push` reserves more.
  return [...endpoints]
}

/** All addresses of an endpoint belong to the same pod: the first is used, as in kube-proxy. */
function endpointOf(
  value: unknown,
  path: string,
  family: IpFamily,
  report: Report,
): SliceEndpoint | undefined {
  const read = parseFields(endpointSchema, value, path, report)
  if (read === undefined) return undefined
  const addressPath = joinPath(path, 'addresses', 0)
  const address = readAddress(read.addresses[0], addressPath, report, ofFamily(family))
  if (address === undefined) return undefined
  const ready = read.conditions?.ready ?? true
  // An endpoint whose node name or hints cannot be read still serves.
  const nodeName = nodeNameIn(read.nodeName, path, report)
  const hints =
    read.hints === undefined
      ? undefined
      : parseFields(hintsSchema, read.hints, joinPath(path, 'hints'), report)
  return {
    address,
    nodeName: nodeName ? shared(nodeName) : undefined,
    ready,
    serving: read.conditions?.serving ?? ready,
    terminating: read.conditions?.terminating ?? false,
    zones: namesOf(hints?.forZones),
    nodes: namesOf(hints?.forNodes),
  }
}

/** A schema takes longer than all else, and almost every endpoint has a name that is text. */
function nodeNameIn(value: unknown, path: string, report: Report): string | null | undefined {
  if (typeof value === 'string') return value
  return parseFields(nodeNameSchema, value, joinPath(path, 'nodeName'), report)
}

/** Returns the names in the hints; an empty list counts as no hint. */
function namesOf(hints: z.infer<typeof named>): readonly string[] | undefined {
  return hints?.length ? hints.map(({ name }) => shared(name)) : undefined
}
