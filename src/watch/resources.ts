import type * as z from 'zod'
import type { Problem } from '../decode/problem.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { decodeEndpointSlice, triggerTime } from './decode-endpoint-slice.ts'
import { decodeNode, isLeaving } from './decode-node.ts'
import { decodeService } from './decode-service.ts'
import { nodeIdentity, serviceIdentity, sliceIdentity } from './identity-schemas.ts'
import { headlessLabel, labelledService, proxyLabel } from './service-label.ts'

/**
 * What a decoded object of each kind holds. The keys are the plural names in the API. A kind that
 * is added here needs a row in `resources`, and a place in the object store.
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

export type Resource = keyof ReadObjects

/** The outcome of decoding an object. */
type Decoded<Read> = (
  | Read
  /** nodelb does nothing for the object, for example a headless Service. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'invalid' }
) & { readonly problems: readonly Problem[] }

export type DecodedObject = Decoded<ReadObjects[Resource]>

/** How the objects of one kind are requested, identified and decoded. */
interface ResourceRow<Read> {
  readonly apiVersion: string
  readonly kind: string
  readonly namespaced: boolean
  /** The label selector: only objects that match it are requested. */
  readonly labels?: string
  /** The field selector; a server that does not know the field is asked without it. */
  readonly fields?: string
  /** Returns the field selector for one Node, for kinds whose other objects a node may not need. */
  readonly ofNode?: (node: string) => string
  /** Checks the fields that identify the object. */
  readonly identity: z.ZodType
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

/**
 * One row for each kind of object. The selectors are those of kube-proxy 1.36
 * (cmd/kube-proxy/app/server.go), so that the server does not send headless Services and those of
 * other proxies; slices carry the labels of their Service.
 */
export const resources: { readonly [R in Resource]: ResourceRow<ReadObjects[R]> } = {
  services: {
    apiVersion: 'v1',
    kind: 'Service',
    namespaced: true,
    labels: `!${proxyLabel}`,
    // The field can be selected since Kubernetes 1.31.
    fields: 'spec.clusterIP!=None',
    identity: serviceIdentity,
    decode: decodeService,
    serviceOf: (key) => key,
  },
  endpointslices: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    namespaced: true,
    labels: `!${headlessLabel},!${proxyLabel}`,
    identity: sliceIdentity,
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
    apiVersion: 'v1',
    kind: 'Node',
    namespaced: false,
    ofNode: (node) => `metadata.name=${node}`,
    identity: nodeIdentity,
    decode(object, origin) {
      const decoded = decodeNode(object, origin)
      return decoded.kind === 'node' ? { ...decoded, leaving: isLeaving(object) } : decoded
    },
    serviceOf: () => undefined,
  },
}

/** The kinds that determine the rules of a node: the agent and the commands read these. */
export const NODE_RESOURCES: readonly Resource[] = ['services', 'endpointslices', 'nodes']

/** Returns `namespace/name`, or the name alone for kinds that are in no namespace. */
export function keyIn(resource: Resource, namespace: string, name: string): string {
  return resources[resource].namespaced ? `${namespace}/${name}` : name
}
