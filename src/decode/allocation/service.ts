import type * as z from 'zod'
import type { ServicePlacement } from '../../allocate/nodes-world.ts'
import type { Claimant, Held } from '../../allocate/world.ts'
import type { Address } from '../../model/address.ts'
import type { Labels } from '../../model/label-selector.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  emptyOr,
  fields,
  nameOf,
  namespaceName,
  notSpecialOrLinkLocal,
  objectName,
  parseFields,
  readAddresses,
  text,
  time,
} from '../fields.ts'
import { readTexts } from '../labels.ts'
import { type Problem, report as startReport } from '../problem.ts'
import {
  allocatedAnnotation,
  lbpoolLabel,
  renewAnnotation,
  renewedAnnotation,
} from './annotations.ts'
import { readFamilies } from './families.ts'
import { readHeld } from './held.ts'
import { readSharing } from './sharing.ts'
import { noteMisplaced } from './spelling.ts'
import { readTolerations } from './tolerations.ts'
import { readWish } from './wish.ts'

type DecodedClaimant =
  | {
      readonly kind: 'claimant'
      readonly claimant: Claimant
      readonly placement: ServicePlacement
      readonly externalIps: readonly Address[]
      readonly problems: readonly Problem[]
    }
  /** A Service to which another controller gives addresses, or none. */
  | {
      readonly kind: 'not-ours'
      readonly reason: 'type' | 'class'
      readonly namespace: string
      readonly name: string
      readonly held: readonly Held[]
      /** True if nodelb or MetalLB gave the addresses, as the annotations say. */
      readonly given: boolean
      readonly externalIps: readonly Address[]
      readonly problems: readonly Problem[]
    }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** Whose a Service is, and what it wants of a Node, follow from these: none of them is guessed. */
const serviceSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    creationTimestamp: anything,
    deletionTimestamp: anything,
    labels: anything,
    annotations: anything,
  }),
  spec: fields({
    type: emptyOr(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']),
    loadBalancerClass: text.nullish(),
    externalTrafficPolicy: emptyOr(['Cluster', 'Local']),
    loadBalancerIP: anything,
    clusterIP: anything,
    clusterIPs: anything,
    ipFamilies: anything,
    ipFamilyPolicy: anything,
    externalIPs: anything,
    ports: anything,
    selector: anything,
  }),
  status: anything,
})

type ServiceFields = z.infer<typeof serviceSchema>

/**
 * Reads what a v1 Service asks of an allocation. Ours are those of type LoadBalancer without a
 * class, or with one of `classes`. A bad field is reported, and the Service goes on without it.
 */
export function decodeClaimant(
  json: unknown,
  source: string,
  classes: readonly string[],
): DecodedClaimant {
  const report = startReport(source, 'Service', nameOf(json, true))
  const { problems } = report
  const read = parseFields(serviceSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reader = new FieldReader(report)
  const { metadata, spec } = read
  const annotations = readTexts(metadata.annotations, 'metadata.annotations', report)
  const externalIps = readAddresses(
    reader.list(spec.externalIPs, 'spec.externalIPs') ?? [],
    'spec.externalIPs',
    report,
    notSpecialOrLinkLocal,
  )
  const reason = whyNotOurs(spec, classes)
  if (reason === undefined) {
    const labels = readTexts(metadata.labels, 'metadata.labels', report)
    noteMisplaced(labels, annotations, report)
    const claimant = claimantOf(read, labels, annotations, reader)
    const placement = placementOf(read, labels, annotations, reader)
    return { kind: 'claimant', claimant, placement, externalIps, problems }
  }
  const namespace = metadata.namespace || 'default'
  const held = readHeld(read.status, annotations, report)
  const given = held.length > 0 && isGiven(held, annotations)
  const { name } = metadata
  return { kind: 'not-ours', reason, namespace, name, held, given, externalIps, problems }
}

/** Addresses of Nodes have no pool; what nodelb gave of them is in an annotation of its own. */
function isGiven(held: readonly Held[], annotations: Labels): boolean {
  const ours = annotations.get(allocatedAnnotation)?.split(',')
  return held.every(({ address, pool }) => pool !== undefined || ours?.includes(address))
}

function whyNotOurs(
  { type, loadBalancerClass }: ServiceFields['spec'],
  classes: readonly string[],
): 'type' | 'class' | undefined {
  if (type !== 'LoadBalancer') return 'type'
  return !loadBalancerClass || classes.includes(loadBalancerClass) ? undefined : 'class'
}

function claimantOf(
  { metadata, spec, status }: ServiceFields,
  labels: Labels,
  annotations: Labels,
  reader: FieldReader,
): Claimant {
  const { creationTimestamp, deletionTimestamp } = metadata
  const renew = annotations.get(renewAnnotation)
  const policy = spec.externalTrafficPolicy === 'Local' ? 'local' : 'cluster'
  return {
    namespace: metadata.namespace || 'default',
    name: metadata.name,
    created: reader.read(creationTimestamp, time.nullish(), CREATED, '') ?? '',
    labels,
    ...readFamilies(spec, reader),
    wish: readWish(annotations, spec.loadBalancerIP, reader.report),
    sharing: readSharing(spec, annotations, policy, reader),
    held: readHeld(status, annotations, reader.report),
    renewing: !!renew && renew !== annotations.get(renewedAnnotation),
    leaving: !!deletionTimestamp,
  }
}

const CREATED = 'metadata.creationTimestamp'

function placementOf(
  { spec }: ServiceFields,
  labels: Labels,
  annotations: Labels,
  { report }: FieldReader,
): ServicePlacement {
  return {
    lbpool: labels.get(lbpoolLabel),
    tolerations: readTolerations(annotations, report),
    local: spec.externalTrafficPolicy === 'Local',
  }
}
