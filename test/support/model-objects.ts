import { randomUUID } from 'node:crypto'
import type { ModelKind } from './model-kinds.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
export type Manifest = any

/** An object that a model of an API server keeps. */
interface Kept {
  readonly kind: ModelKind
  readonly namespace: string
  readonly object: Manifest
}

/** What happened to an object; `before` or `after` is missing where it came or went. */
export interface ModelChange {
  readonly version: number
  readonly kind: ModelKind
  readonly namespace: string
  readonly before?: Manifest
  readonly after?: Manifest
}

/** A refusal, as the API server words it. */
export interface Refused {
  readonly refused: number
  readonly message: string
}

/** Where a request goes. */
export interface Place {
  readonly kind: ModelKind
  /** Empty for all namespaces, and for what is in none. */
  readonly namespace: string
  /** Empty for a list. */
  readonly name: string
  readonly isStatus: boolean
}

/** The objects of a model of an API server, with the history that watches follow. */
export class ModelObjects {
  /** All changes since the history was cut off last. */
  history: ModelChange[] = []
  /** Changes up to this version are forgotten. */
  forgotten = 0
  readonly #kept: Map<string, Kept> = new Map()
  readonly #changed: (change: ModelChange) => void
  #version = 100

  constructor(changed: (change: ModelChange) => void) {
    this.#changed = changed
  }

  /** The version of the newest change. */
  get version(): number {
    return this.#version
  }

  /** Etcd is compacted: watches can begin only at what there is now. */
  forget(): void {
    this.history = []
    this.forgotten = this.#version
  }

  all({ kind, namespace }: Pick<Place, 'kind' | 'namespace'>): readonly Manifest[] {
    return [...this.#kept.values()]
      .filter((each) => each.kind === kind && (namespace === '' || each.namespace === namespace))
      .map(({ object }) => object)
  }

  read(place: Place): Manifest | Refused {
    return this.#kept.get(keyOf(place))?.object ?? notFound(place)
  }

  create(place: Place, body: Manifest, manager: string): Manifest | Refused {
    const { kind, namespace } = place
    const { generateName, ...given } = body?.metadata ?? {}
    const name = given.name ?? (generateName && `${generateName}${randomUUID().slice(0, 5)}`)
    if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name ?? '')) {
      return { refused: 422, message: `${kind.kind} "${name}" is invalid: metadata.name` }
    }
    if ((given.namespace ?? namespace) !== namespace) {
      return { refused: 400, message: 'the namespace of the object is not that of the request' }
    }
    if (this.#kept.has(keyOf({ ...place, name }))) {
      return { refused: 409, message: `${kind.plural} "${name}" already exists` }
    }
    const { status: _, ...rest } = kind.hasStatus ? body : { ...body, status: undefined }
    const metadata = {
      ...given,
      name,
      ...(kind.namespaced && { namespace }),
      ...{ uid: randomUUID(), creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 },
    }
    const { apiVersion } = kind
    const object = { ...defaulted(kind, rest), apiVersion, kind: kind.kind, metadata }
    return this.#keep(place, undefined, managed(object, rest, manager))
  }

  patch(place: Place, body: Manifest, manager: string): Manifest | Refused {
    const before = this.#kept.get(keyOf(place))?.object
    if (before === undefined) return notFound(place)
    const asked = body.metadata?.resourceVersion
    if (asked !== undefined && asked !== before.metadata.resourceVersion) {
      return { refused: 409, message: `${place.name}: the object has been modified` }
    }
    const after = merge(before, partOf(place, body))
    after.metadata = { ...after.metadata, resourceVersion: before.metadata.resourceVersion }
    // What is empty is left out, as Go does with `omitempty`.
    if (after.metadata.finalizers?.length === 0) delete after.metadata.finalizers
    if (JSON.stringify(after) === JSON.stringify(before)) return before
    if (JSON.stringify(after.spec) !== JSON.stringify(before.spec)) after.metadata.generation += 1
    const { deletionTimestamp, finalizers = [] } = after.metadata
    if (deletionTimestamp !== undefined && finalizers.length === 0) return this.#drop(place, before)
    return this.#keep(place, before, managed(after, body, manager))
  }

  remove(place: Place): Manifest | Refused {
    const before = this.#kept.get(keyOf(place))?.object
    if (before === undefined) return notFound(place)
    if ((before.metadata.finalizers ?? []).length === 0) return this.#drop(place, before)
    const metadata = { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' }
    return this.#keep(place, before, { ...before, metadata })
  }

  #keep(place: Place, before: Manifest | undefined, object: Manifest): Manifest {
    const { kind, namespace } = place
    const version = ++this.#version
    const metadata = { ...object.metadata, resourceVersion: String(version) }
    const after = { ...object, metadata }
    this.#kept.set(keyOf({ ...place, name: metadata.name }), { kind, namespace, object: after })
    this.#happened({ version, kind, namespace, ...(before && { before }), after })
    return after
  }

  #drop(place: Place, object: Manifest): Manifest {
    this.#kept.delete(keyOf(place))
    const version = ++this.#version
    const metadata = { ...object.metadata, resourceVersion: String(version) }
    const before = { ...object, metadata }
    this.#happened({ version, kind: place.kind, namespace: place.namespace, before })
    return before
  }

  #happened(change: ModelChange): void {
    this.history.push(change)
    this.#changed(change)
  }
}

function keyOf({ kind, namespace, name }: Place): string {
  return `${kind.apiVersion}/${kind.plural}/${namespace}/${name}`
}

function notFound({ kind, name }: Place): Refused {
  return { refused: 404, message: `${kind.plural} "${name}" not found` }
}

/** What of a patch counts: at `/status` the status, and elsewhere all but the status. */
function partOf({ kind, isStatus }: Place, body: Manifest): Manifest {
  const { status, metadata, ...rest } = body
  if (!kind.hasStatus) return body
  if (!isStatus) return { ...rest, ...(metadata && { metadata }) }
  return {
    ...(status !== undefined && { status }),
    ...(metadata && !kind.isCustom && { metadata }),
  }
}

/** A JSON merge patch (RFC 7396). */
export function merge(target: Manifest, patch: Manifest): Manifest {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = typeof target === 'object' && !Array.isArray(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else merged[field] = merge(merged[field], value)
  }
  return merged
}

/** What the API server adds to what people write. */
function defaulted({ kind }: ModelKind, { stringData = {}, ...body }: Manifest): Manifest {
  if (kind === 'Secret') {
    const data = Object.entries(stringData).map(([name, text]) => [name, btoa(String(text))])
    return { ...body, data: { ...body.data, ...Object.fromEntries(data) } }
  }
  if (kind !== 'Service') return body
  const ports = body.spec.ports.map((port: object) => ({ protocol: 'TCP', ...port }))
  const families = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
  const clusterIP = body.spec.clusterIP ?? '10.96.0.1'
  return {
    ...body,
    spec: { ...families, clusterIP, clusterIPs: [clusterIP], ...body.spec, ports },
    status: { loadBalancer: {} },
  }
}

/** Notes who wrote which fields last; a field of a status has one manager. */
function managed(object: Manifest, body: Manifest, manager: string): Manifest {
  const former: Manifest[] = object.metadata.managedFields ?? []
  const written = Object.keys(body.status ?? {})
  const others = former.filter(
    (each) =>
      each.manager !== manager &&
      !Object.keys(each.fieldsV1['f:status'] ?? {}).some((field) =>
        written.includes(field.slice(2)),
      ),
  )
  const status = Object.fromEntries(written.map((field) => [`f:${field}`, {}]))
  const entry = { manager, operation: 'Update', fieldsV1: { 'f:status': status } }
  return { ...object, metadata: { ...object.metadata, managedFields: [...others, entry] } }
}
