import {
  type EndpointShape,
  type Manifest,
  PODS,
  type PortShape,
  type ServiceShape,
  type ServiceType,
  type SliceShape,
  serviceManifest,
  serviceName,
  sliceManifest,
} from './manifests.ts'
import type { Random } from './random.ts'

/** What a source is told; the objects are whole. */
export interface ObjectChange {
  readonly kind: 'put' | 'delete'
  readonly object: Manifest
}

/** Services that there may be at a time; few enough that they meet. */
const NAMES = 40
const FEWEST = 8

/** What becomes of one Service; the numbers say how often. */
const DEEDS = {
  create: 20,
  remove: 10,
  scale: 30,
  policies: 10,
  ports: 10,
  type: 10,
  move: 7,
  status: 3,
} as const

/** The objects as they should be. Each change follows from the draw and from those before. */
export class Churn {
  readonly #random: Random
  readonly #services: Map<number, ServiceShape> = new Map()
  readonly #slices: Map<string, SliceShape> = new Map()

  constructor(random: Random) {
    this.#random = random
  }

  /** What one hand does to one Service: one object or several. */
  change(): readonly ObjectChange[] {
    const chosen = [...this.#services.values()]
    const deed = chosen.length < FEWEST ? 'create' : this.#random.weighted(DEEDS)
    if (deed === 'create') return this.#create()
    const service = this.#random.pick(chosen)
    switch (deed) {
      case 'remove':
        return this.#remove(service)
      case 'scale':
        return this.#scale(service)
      case 'policies':
        return [this.#put({ ...service, ...this.#policies() })]
      case 'ports':
        return this.#renumber(service)
      case 'type':
        return this.#retype(service)
      case 'move':
        return this.#move(service, this.#random.pick(chosen))
      case 'status':
        return [this.#put({ ...service, ingress: this.#ingress(service.dualStack) })]
    }
  }

  #create(): readonly ObjectChange[] {
    const random = this.#random
    const index = random.between(1, NAMES)
    const there = this.#services.get(index)
    if (there !== undefined) return this.#scale(there)
    const type = random.pick(['ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer'] as const)
    const dualStack = random.chance(0.6)
    const service: ServiceShape = {
      index,
      type,
      dualStack,
      ports: this.#ports(type),
      ...this.#policies(),
      ingress: this.#ingress(dualStack),
    }
    const slices = Array.from({ length: random.pick([0, 1, 1, 2]) }, (_, at) => at)
    return [this.#put(service), ...slices.flatMap((at) => this.#putSlices(service, at))]
  }

  /** Slices may go later than their Service, and be there when one of its name comes. */
  #remove(service: ServiceShape): readonly ObjectChange[] {
    const { index } = service
    this.#services.delete(index)
    const left = this.#slicesOf(service).filter(() => this.#random.chance(0.8))
    return [
      { kind: 'delete', object: serviceManifest(service) },
      ...left.map((slice) => this.#removeSlice(slice)),
    ]
  }

  #scale(service: ServiceShape): readonly ObjectChange[] {
    const slices = this.#slicesOf(service)
    const slice = slices.length > 0 ? this.#random.pick(slices) : undefined
    if (slice === undefined) return this.#putSlices(service, this.#random.below(3))
    if (this.#random.chance(0.15)) return [this.#removeSlice(slice)]
    return this.#putSlices(service, Number(slice.name.split('.')[1]))
  }

  #renumber(service: ServiceShape): readonly ObjectChange[] {
    const changed = { ...service, ports: this.#ports(service.type) }
    // A slice that is late offers ports that the Service does not have any more.
    const numbers = new Set(this.#slicesOf(service).map(({ name }) => Number(name.split('.')[1])))
    const prompt = [...numbers].filter(() => this.#random.chance(0.8))
    return [this.#put(changed), ...prompt.flatMap((at) => this.#putSlices(changed, at))]
  }

  #retype(service: ServiceShape): readonly ObjectChange[] {
    const type = this.#random.pick(['ClusterIP', 'NodePort', 'LoadBalancer'] as const)
    return [this.#put({ ...service, type, ports: fitting(service.ports, type) })]
  }

  #move(from: ServiceShape, to: ServiceShape): readonly ObjectChange[] {
    const slice = this.#slicesOf(from)[0]
    if (slice === undefined) return this.#scale(from)
    return [this.#putSlice({ ...slice, service: serviceName(to.index) })]
  }

  #policies(): Omit<ServiceShape, 'index' | 'type' | 'dualStack' | 'ports' | 'ingress'> {
    const random = this.#random
    return {
      externalPolicy: random.pick(['Cluster', 'Local']),
      internalPolicy: random.pick(['Cluster', 'Cluster', 'Local']),
      affinity: random.pick([undefined, undefined, 60, 10_800]),
      externalIPs: random.chance(0.7) ? [] : this.#contested(random.between(1, 2)),
      sourceRanges: random.pick([[], [], [], ...SOURCE_RANGES]),
    }
  }

  /** So few addresses that Services compete for them. */
  #contested(count: number): readonly string[] {
    return this.#random.some(CONTESTED, count)
  }

  #ingress(dualStack: boolean): readonly string[] {
    const digit = this.#random.between(20, 50)
    const v4 = [`203.0.113.${digit}`]
    return dualStack ? [...v4, `2001:db8:100::${digit}`] : v4
  }

  #ports(type: ServiceType): readonly PortShape[] {
    const random = this.#random
    const numbers = random.some([80, 443, 53, 8080, 9090], random.between(1, 4))
    // A single port may go without a name.
    const isNamed = numbers.length > 1 || random.chance(0.5)
    const ports = numbers.map((port, at) => ({
      name: isNamed ? `p${at}` : '',
      port,
      protocol: random.pick(['TCP', 'TCP', 'UDP', 'SCTP'] as const),
    }))
    return fitting(ports, type)
  }

  #putSlices(service: ServiceShape, at: number): readonly ObjectChange[] {
    const random = this.#random
    const families = service.dualStack ? (['IPv4', 'IPv6'] as const) : (['IPv4'] as const)
    const ports = service.ports.map((port) => ({ port, target: random.pick([8080, 9090]) }))
    const endpoints = this.#endpoints()
    const name = serviceName(service.index)
    return families.map((family) =>
      this.#putSlice({
        name: `s${service.index}.${at}.${family.toLowerCase()}`,
        family,
        service: name,
        ports,
        endpoints,
      }),
    )
  }

  #endpoints(): readonly EndpointShape[] {
    const random = this.#random
    const zones = random.chance(0.2)
    const chosen = random.chance(0.8)
      ? random.some(PODS, random.pick([0, 1, 1, 2, 3, 5]))
      : random.some(NO_TARGETS, random.pick([1, 8, 30]))
    return chosen.map((endpoint) => ({
      ...endpoint,
      conditions: random.pick(CONDITIONS),
      zones: zones ? [random.pick(['zone-1', 'zone-2'])] : [],
    }))
  }

  #slicesOf({ index }: ServiceShape): readonly SliceShape[] {
    const name = serviceName(index)
    return [...this.#slices.values()].filter(({ service }) => service === name)
  }

  #put(service: ServiceShape): ObjectChange {
    this.#services.set(service.index, service)
    return { kind: 'put', object: serviceManifest(service) }
  }

  #putSlice(slice: SliceShape): ObjectChange {
    this.#slices.set(slice.name, slice)
    return { kind: 'put', object: sliceManifest(slice) }
  }

  #removeSlice(slice: SliceShape): ObjectChange {
    this.#slices.delete(slice.name)
    return { kind: 'delete', object: sliceManifest(slice) }
  }
}

/** API servers before 1.26 take one protocol in a Service of type LoadBalancer. */
function fitting(ports: readonly PortShape[], type: ServiceType): readonly PortShape[] {
  const protocol = ports[0]?.protocol
  if (type !== 'LoadBalancer' || protocol === undefined) return ports
  return ports.map((port) => ({ ...port, protocol }))
}

const CONTESTED = Array.from({ length: 8 }, (_, at) => `203.0.113.${at + 1}`)

const SOURCE_RANGES: readonly (readonly string[])[] = [
  ['192.0.2.0/24', '2001:db8:1::/64'],
  ['192.0.2.0/25', '192.0.2.128/25', '198.51.100.0/24'],
  ['198.51.100.0/24'],
]

const CONDITIONS: readonly object[] = [
  { ready: true },
  { ready: true },
  { ready: true },
  { ready: false, serving: true, terminating: true },
  { ready: false },
]

/** Endpoints where no pod is. */
const NO_TARGETS: typeof PODS = Array.from({ length: 60 }, (_, at) => ({
  v4: `10.244.3.${at + 1}`,
  v6: `fd00:10:244:3::${at + 1}`,
  node: at % 2 === 0 ? 'node-b' : 'node-c',
}))
