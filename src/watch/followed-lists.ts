import { nameOf, valueAt } from '../decode/fields.ts'
import { CLUSTER_RESOURCES, type ClusterLists, clusterListsOf } from './cluster-lists.ts'
import { keyIn, type Resource, resources } from './resources.ts'
import type { SourceEvent, SourceListener, SourceState } from './source.ts'

/** The objects of one kind, as the source told of them. */
interface Kind {
  /** By `namespace/name`, or the name alone. */
  readonly objects: Map<string, unknown>
  isListed: boolean
  /** Why changes are not heard; undefined while they are. */
  trouble: string | undefined
}

/** Holds the lists of a cluster as they are now, for as long as a source follows them. */
export class FollowedLists implements SourceListener {
  readonly #kinds: ReadonlyMap<Resource, Kind>
  readonly #changed: (resource: Resource) => void

  /** `changed` is called after every event, so it has to be quick. */
  constructor(changed: (resource: Resource) => void) {
    this.#changed = changed
    this.#kinds = new Map(
      CLUSTER_RESOURCES.map((each) => {
        return [each, { objects: new Map(), isListed: false, trouble: undefined }]
      }),
    )
  }

  /** Returns whether each kind has been listed, or cannot be. */
  settled(): boolean {
    return [...this.#kinds.values()].every((each) => each.isListed || each.trouble !== undefined)
  }

  /** Returns the objects as they are known. */
  lists(): ClusterLists {
    return clusterListsOf((resource) => {
      const { objects, isListed, trouble } = this.#of(resource)
      // The server has said that it does not know the kind, and is asked again now and then.
      const isMissing = isListed && objects.size === 0 && resources[resource].mayBeMissing === true
      const why = isMissing ? undefined : trouble
      return { items: [...objects.values()], isWhole: isListed, trouble: why }
    })
  }

  readonly event = (event: SourceEvent): void => {
    const { resource } = event
    const kind = this.#of(resource)
    switch (event.kind) {
      case 'object': {
        const key = nameOf(event.object, resources[resource].namespaced)
        kind.objects.set(key, withoutBulk(event.object))
        break
      }
      case 'deleted':
        kind.objects.delete(keyIn(resource, event.namespace, event.name))
        break
      case 'listed':
        for (const key of kind.objects.keys()) if (!event.names.has(key)) kind.objects.delete(key)
        kind.isListed = true
    }
    this.#changed(resource)
  }

  readonly state = (resource: Resource, state: SourceState): void => {
    const kind = this.#of(resource)
    const trouble = state.kind === 'lost' ? state.reason : undefined
    if (state.kind === 'listing' || trouble === kind.trouble) return
    kind.trouble = trouble
    this.#changed(resource)
  }

  /** What is no object at all is passed over. */
  readonly problems = (): void => undefined

  #of(resource: Resource): Kind {
    const kind = this.#kinds.get(resource)
    if (kind === undefined) throw new Error(`${resource} are not followed for this`)
    return kind
  }
}

/** Leaves out who wrote which field, which may be half of an object, and is not read. */
function withoutBulk(object: unknown): unknown {
  const metadata = valueAt(object, ['metadata'])
  if (typeof object !== 'object' || typeof metadata !== 'object') return object
  return { ...object, metadata: { ...metadata, managedFields: undefined } }
}
