import type { ServiceName } from '../model/service-name.ts'

/** A ServiceL2Status as it was found: who announces which Service, and where. */
export interface FoundStatus {
  readonly name: string
  /** Undefined if neither the status nor a label says it. */
  readonly node: string | undefined
  readonly service: ServiceName | undefined
  readonly interfaces: readonly string[]
  /** The uid of the Pod that owns it; undefined if none does. */
  readonly owner: string | undefined
  /** Whether the status says all that there is to say; false if a writer died half way. */
  readonly isWhole: boolean
}

/**
 * The Services that this node announces, each with the interfaces if advertisements restrict them, and
 * else with none.
 */
export type AnnouncedServices = ReadonlyMap<ServiceName, readonly string[]>

/** The node that announces, and the uid of the Pod of its agent if that is known. */
interface Announcer {
  readonly node: string
  readonly pod: string | undefined
}

/** What makes the statuses of a cluster right again. */
export type StatusChange =
  | {
      readonly kind: 'create'
      readonly service: ServiceName
      readonly interfaces: readonly string[]
    }
  | {
      readonly kind: 'write'
      readonly name: string
      readonly service: ServiceName
      readonly interfaces: readonly string[]
    }
  | { readonly kind: 'delete'; readonly name: string }

/**
 * Returns what has to change so that each Service that this node announces has one status, which names
 * this node. As under MetalLB the announcing node removes what other nodes left for these Services, and
 * its own for all others. What a former Pod of this node owns is replaced, because it is removed together
 * with that Pod, whenever the cluster gets round to it.
 */
export function statusChanges(
  wanted: AnnouncedServices,
  found: readonly FoundStatus[],
  self: Announcer,
): readonly StatusChange[] {
  const changes: StatusChange[] = []
  const kept = new Set<ServiceName>()
  for (const { name, node, service, interfaces, owner, isWhole } of found) {
    const asked = service === undefined ? undefined : wanted.get(service)
    const isMine = node === self.node
    if (!isMine && asked === undefined) continue
    const stays = isMine && (self.pod === undefined || owner === self.pod)
    if (!stays || service === undefined || asked === undefined || kept.has(service)) {
      changes.push({ kind: 'delete', name })
      continue
    }
    kept.add(service)
    if (!isWhole || !isSame(interfaces, asked)) {
      changes.push({ kind: 'write', name, service, interfaces: asked })
    }
  }
  for (const [service, interfaces] of wanted) {
    if (!kept.has(service)) changes.push({ kind: 'create', service, interfaces })
  }
  return changes
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
