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
 * What an object of each kind says once it is read. The keys are the plural names in the API.
 * A kind that is added here needs a row in `resources`, and a place in the object store.
 */
export interface ReadObjects {
  readonly services: { readonly kind: 'service'; readonly service: ServiceObject }
  readonly endpointslices: {
    readonly kind: 'slice'
    readonly slice: SliceObject
    /** When what it tells of happened, in milliseconds since 1970. */
    readonly triggered: number | undefined
  }
  readonly nodes: {
    readonly kind: 'node'
    readonly node: NodeView
    /** KEP-3836: balancers in front send new connections elsewhere. */
    readonly leaving: boolean
  }
}

export type Resource = keyof ReadObjects

/** What came of reading an object. */
type Decoded<Read> = (
  | Read
  /** nodelb has nothing to do for it, as for a headless Service. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'invalid' }
) & { readonly problems: readonly Problem[] }

export type DecodedObject = Decoded<ReadObjects[Resource]>

/** Says of one kind how its objects are asked for, told apart and read. */
interface ResourceRow<Read> {
  readonly apiVersion: string
  readonly kind: string
  readonly namespaced: boolean
  /** Only objects with labels like these are asked for. */
  readonly labels?: string
  /** Likewise by field; a server that does not know the field is asked without it. */
  readonly fields?: string
  /** Selects what concerns one Node, for kinds of which a node needs no more than that. */
  readonly ofNode?: (node: string) => string
  /** Reads the part that says which object of its kind it is. */
  readonly identity: z.ZodType
  /** Only a Service is read beside the version before it: bad fields are as they were there. */
  readonly decode: (object: unknown, origin: string, former?: ServiceObject) => Decoded<Read>
  /** Returns the Service whose rules depend on the object, also where it cannot be read. */
  readonly serviceOf: (key: string, object: unknown) => ServiceName | undefined
}

/**
 * One row for each kind of object. The selections are those of kube-proxy 1.36
 * (cmd/kube-proxy/app/server.go), so that the server keeps headless Services and those of other
 * proxies to itself; slices carry the labels of their Service.
 */
export const resources: { readonly [R in Resource]: ResourceRow<ReadObjects[R]> } = {
  services: {
    apiVersion: 'v1',
    kind: 'Service',
    namespaced: true,
    labels: `!${proxyLabel}`,
    // Kubernetes 1.31 and later.
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

/** The kinds that the rules of a node follow from: the agent and the commands read these. */
export const NODE_RESOURCES: readonly Resource[] = ['services', 'endpointslices', 'nodes']

/** Returns `namespace/name`, or the name alone for kinds that are in no namespace. */
export function keyIn(resource: Resource, namespace: string, name: string): string {
  return resources[resource].namespaced ? `${namespace}/${name}` : name
}
