import type { Problem } from '../decode/problem.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { type BgpResource, bgpResources } from './bgp-resources.ts'
import { decodeEndpointSlice, triggerTime } from './decode-endpoint-slice.ts'
import { decodeNode, isLeaving } from './decode-node.ts'
import { decodeService } from './decode-service.ts'
import { clusterIdentity, namespacedIdentity, sliceIdentity } from './identity-schemas.ts'
import type { ResourceRow } from './resource-row.ts'
import { headlessLabel, labelledService, proxyLabel } from './service-label.ts'
import { type ToldResource, toldResources } from './told-resources.ts'

/**
 * What a decoded object of each kind holds, of the kinds that determine the rules of a node. The
 * keys are resources. A kind that is added here needs a row in `decoders`, and a place in the object
 * store.
 */
export interface ReadObjects {
  readonly services: { readonly kind: 'service'; readonly service: ServiceObject }
  readonly endpointslices: {
    readonly kind: 'slice'
    readonly slice: SliceObject
    /** When the change that caused it happened, in milliseconds since 1970. */
    readonly triggered: number | undefined
  }
  readonly nodes: {
    readonly kind: 'node'
    readonly node: NodeView
    /** Whether load balancers in front should send new connections elsewhere (KEP-3836). */
    readonly leaving: boolean
  }
}

export type NodeResource = keyof ReadObjects

/** The outcome of decoding an object. */
type Decoded<Read> = (
  | Read
  /** nodelb does nothing for the object, for example a headless Service. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'invalid' }
) & { readonly problems: readonly Problem[] }

export type DecodedObject = Decoded<ReadObjects[NodeResource]>

/** What is requested: kinds of objects, or some objects of a kind. */
export type Resource =
  | NodeResource
  | BgpResource
  | ToldResource
  /** All Services, also those that no node balances: every one of them may hold an address. */
  | 'all-services'
  | 'ipaddresspools'
  | 'l2advertisements'
  | 'namespaces'
  | 'configmaps'
  /** The EndpointSlices of the headless Service that shows on which Nodes an agent runs. */
  | 'agent-endpointslices'
  /** The one ConfigMap of MetalLB that says on which interfaces nothing is announced. */
  | 'excluded-interfaces'
  /** The ConfigMap with which MetalLB was configured up to 0.12. */
  | 'metallb-config'
  /** What frr-k8s makes the configuration of its FRR of. */
  | 'frrconfigurations'

/** What is read for announcing alone, besides what BGP needs. */
const FOR_ANNOUNCING = [
  'l2advertisements',
  'excluded-interfaces',
  'agent-endpointslices',
  'metallb-config',
  'frrconfigurations',
] as const

/** Returns whether objects of this kind are read for announcing alone. */
export function isForAnnouncing(resource: string): resource is (typeof FOR_ANNOUNCING)[number] {
  return FOR_ANNOUNCING.some((each) => each === resource)
}

/**
 * One row for each resource. The selectors of Services and EndpointSlices are those of kube-proxy
 * 1.36 (cmd/kube-proxy/app/server.go), so that the server does not send headless Services and those
 * of other proxies; slices carry the labels of their Service.
 */
export const resources: { readonly [R in Resource]: ResourceRow } = {
  services: {
    apiVersion: 'v1',
    kind: 'Service',
    namespaced: true,
    plural: 'services',
    labels: `!${proxyLabel}`,
    // The field can be selected since Kubernetes 1.31.
    fields: 'spec.clusterIP!=None',
    identity: namespacedIdentity,
  },
  'all-services': {
    apiVersion: 'v1',
    kind: 'Service',
    namespaced: true,
    plural: 'services',
    identity: namespacedIdentity,
  },
  endpointslices: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    namespaced: true,
    plural: 'endpointslices',
    labels: `!${headlessLabel},!${proxyLabel}`,
    identity: sliceIdentity,
  },
  nodes: {
    apiVersion: 'v1',
    kind: 'Node',
    namespaced: false,
    plural: 'nodes',
    ofNode: (node) => `metadata.name=${node}`,
    identity: clusterIdentity,
  },
  ipaddresspools: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    namespaced: true,
    plural: 'ipaddresspools',
    identity: namespacedIdentity,
    mayBeMissing: true,
  },
  l2advertisements: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    namespaced: true,
    plural: 'l2advertisements',
    identity: namespacedIdentity,
    mayBeMissing: true,
  },
  ...bgpResources,
  ...toldResources,
  namespaces: {
    apiVersion: 'v1',
    kind: 'Namespace',
    namespaced: false,
    plural: 'namespaces',
    identity: clusterIdentity,
  },
  configmaps: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespaced: true,
    plural: 'configmaps',
    identity: namespacedIdentity,
  },
  'agent-endpointslices': {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    namespaced: true,
    plural: 'endpointslices',
    labels: 'kubernetes.io/service-name=nodelb-agents',
    identity: sliceIdentity,
  },
  'excluded-interfaces': {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespaced: true,
    plural: 'configmaps',
    fields: 'metadata.name=metallb-excludel2',
    identity: namespacedIdentity,
  },
  'metallb-config': {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespaced: true,
    plural: 'configmaps',
    fields: 'metadata.name=config',
    identity: namespacedIdentity,
  },
  frrconfigurations: {
    apiVersion: 'frrk8s.metallb.io/v1beta1',
    kind: 'FRRConfiguration',
    namespaced: true,
    plural: 'frrconfigurations',
    identity: namespacedIdentity,
    mayBeMissing: true,
  },
}

/** How an object that determines the rules of a node is read. */
interface DecoderRow<Read> {
  /**
   * Decodes an object. Only a Service needs its former version, from which bad fields are taken.
   */
  readonly decode: (object: unknown, origin: string, former?: ServiceObject) => Decoded<Read>
  /**
   * Returns the Service whose rules depend on the object, even if the object cannot be read;
   * undefined if there is none.
   */
  readonly serviceOf: (key: string, object: unknown) => ServiceName | undefined
}

/** One row for each kind of object that determines the rules of a node. */
export const decoders: { readonly [R in NodeResource]: DecoderRow<ReadObjects[R]> } = {
  services: {
    decode: decodeService,
    serviceOf: (key) => key,
  },
  endpointslices: {
    decode(object, origin) {
      const decoded = decodeEndpointSlice(object, origin)
      return decoded.kind === 'slice' ? { ...decoded, triggered: triggerTime(object) } : decoded
    },
    serviceOf(key, object) {
      const service = labelledService(object)
      return service && `${namespaceOf(key)}/${service}`
    },
  },
  nodes: {
    decode(object, origin) {
      const decoded = decodeNode(object, origin)
      return decoded.kind === 'node' ? { ...decoded, leaving: isLeaving(object) } : decoded
    },
    serviceOf: () => undefined,
  },
}

/** The kinds that determine the rules of a node: the agent and the commands read these. */
export const NODE_RESOURCES: readonly NodeResource[] = ['services', 'endpointslices', 'nodes']

/** Returns whether objects of this kind determine the rules of a node. */
export function isNodeResource(resource: Resource): resource is NodeResource {
  return Object.hasOwn(decoders, resource)
}

/** Returns `namespace/name`, or the name alone for kinds that are in no namespace. */
export function keyIn(resource: Resource, namespace: string, name: string): string {
  return resources[resource].namespaced ? `${namespace}/${name}` : name
}
