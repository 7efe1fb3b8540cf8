import type { ServiceName } from '../model/service-name.ts'

/** A ServiceL2Status or ServiceBGPStatus as it was found: who announces which Service, and where. */
export interface FoundStatus {
  readonly name: string
  /** Undefined if neither the status nor a label says it. */
  readonly node: string | undefined
  readonly service: ServiceName | undefined
  /** The interfaces that it lists, or the peers. */
  readonly places: readonly string[]
  /** The uid of the Pod that owns it; undefined if none does. */
  readonly owner: string | undefined
  /** Whether the status says all that there is to say; false if a writer died half way. */
  readonly isWhole: boolean
}

/**
 * The Services that this node announces. On layer 2 each has its interfaces if advertisements restrict
 * them, and else none; by BGP the names of its peers.
 */
export type AnnouncedServices = ReadonlyMap<ServiceName, readonly string[]>

/** The node that announces, and the uid of the Pod of its agent if that is known. */
interface Announcer {
  readonly node: string
  readonly pod: string | undefined
  /** Whether other nodes have statuses of the same Services beside this one. */
  readonly isOneOfMany: boolean
}

/** What makes the statuses of a cluster right again. */
export type StatusChange =
  | {
      readonly kind: 'create'
      readonly service: ServiceName
      readonly places: readonly string[]
    }
  | {
      readonly kind: 'write'
      readonly name: string
      readonly service: ServiceName
      readonly places: readonly string[]
    }
  | { readonly kind: 'delete'; readonly name: string }

/**
 * Returns what has to change so that each Service that this node announces has one status that names this
 * node. Its own for all other Services are removed. As under MetalLB the only node that announces a Service
 * removes what other nodes left for it, too. What a former Pod of this node owns is replaced, because it is
 * removed together with that Pod, whenever the cluster gets round to it.
 */
export function statusChanges(
  wanted: AnnouncedServices,
  found: readonly FoundStatus[],
  self: Announcer,
): readonly StatusChange[] {
  const changes: StatusChange[] = []
  const kept = new Set<ServiceName>()
  for (const { name, node, service, places, owner, isWhole } of found) {
    const asked = service === undefined ? undefined : wanted.get(service)
    const isMine = node === self.node
    if (!isMine && (self.isOneOfMany || asked === undefined)) continue
    const stays = isMine && (self.pod === undefined || owner === self.pod)
    if (!stays || service === undefined || asked === undefined || kept.has(service)) {
      changes.push({ kind: 'delete', name })
      continue
    }
    kept.add(service)
    if (!isWhole || !isSame(places, asked)) {
      changes.push({ kind: 'write', name, service, places: asked })
    }
  }
  for (const [service, places] of wanted) {
    if (!kept.has(service)) changes.push({ kind: 'create', service, places })
  }
  return changes
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
