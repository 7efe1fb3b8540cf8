import { notADummy } from '../../apply/ipvs/failure.ts'
import { readIpvs } from '../../apply/ipvs/read.ts'
import type { IpvsSockets } from '../../apply/ipvs/sockets.ts'
import { NetlinkError } from '../../apply/netlink/netlink-error.ts'
import { listOtherAddresses } from '../../apply/rtnetlink/addresses.ts'
import { findLink, listOwnDummies } from '../../apply/rtnetlink/links.ts'
import { differencesOf } from '../../exempt/element-diff.ts'
import { ElementRenderer } from '../../exempt/element-renderer.ts'
import { UNREADABLE } from '../../exempt/exemption.ts'
import { unreadableInTables } from '../../exempt/unreadable.ts'
import { ownerIn } from '../../frontend/label-text.ts'
import { type Address, hostCidr } from '../../model/address.ts'
import { tableOfAddress } from '../../model/family.ts'
import type { Steps } from '../../model/steps.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { labelOf } from '../../plan/ipvs/ownership.ts'
import type { Changes } from '../../render/assembly.ts'
import { ipvsMemory } from '../../render/nftables/kernel-memory.ts'
import { type HeldNode, heldInTables, recall } from '../../render/nftables/recall.ts'
import { renderInSteps } from '../../render/render.ts'
import { addressChange, serverChanges } from '../../ruleset/ipvs/changes.ts'
import {
  type KernelIpvs,
  type ServerKey,
  serverIdOf,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementStep, KernelRuleset } from '../../ruleset/nftables/types.ts'
import type { Goal } from '../dataplane.ts'

/** What the kernel holds beside the tables, and the addresses of the node's other interfaces. */
export interface IpvsState {
  readonly ipvs: KernelIpvs
  /** Whether the interface exists and is not yet marked as nodelb's. */
  readonly unmarked: boolean
  readonly localAddresses: readonly Address[]
}

/**
 * Reads ipvs and the interfaces. Rejects with NetlinkError, such as EEXIST where nodelb may not use
 * the interface.
 */
export async function readIpvsState(sockets: IpvsSockets, dummy: string): Promise<IpvsState> {
  const reading = await readIpvs(sockets, dummy)
  if (reading.kind === 'not-a-dummy') {
    const explanation = notADummy(reading.name, reading.found)
    throw new NetlinkError('EEXIST', `interface ${dummy}`, { explanation })
  }
  const link = await findLink(sockets.route, dummy)
  // An interface that had another name in the configuration is about to be removed.
  const own = await listOwnDummies(sockets.route)
  const ours = [...(link.kind === 'dummy' ? [link] : []), ...own].map(({ index }) => index)
  const localAddresses = await listOtherAddresses(sockets.route, ours)
  const unmarked = link.kind === 'dummy' && !link.marked
  return { ipvs: reading.kernel, unmarked, localAddresses }
}

/**
 * Returns what ipvs shows of the node: the addresses of virtual servers that are on interfaces
 * other than the dummy, which carries those of Services. Objects in a file do not describe other
 * interfaces.
 */
function heldBesideIpvs(
  tables: KernelRuleset,
  { ipvs: { servers, addresses }, localAddresses }: IpvsState,
): HeldNode {
  const own = [...servers.keys()]
    .filter((key) => labelOf(tables, key) !== undefined)
    .map((key) => serverIdOf(key).address)
    .filter((address) => !addresses.has(address))
    .filter((address) => localAddresses.length === 0 || localAddresses.includes(address))
  return { ...heldInTables(tables), nodePorts: [...new Set(own)].map(hostCidr) }
}

/** Renders the goal; Services that cannot be read stay as the kernel holds them. */
export function* renderBesideIpvs(
  goal: Goal,
  tables: KernelRuleset,
  found: IpvsState,
): Steps<ElementRenderer> {
  const { ipvs, localAddresses } = found
  const known = recall(goal, heldBesideIpvs(tables, found))
  const { cluster, settings } = known
  const node = { ...known.node, localAddresses }
  const rendered = yield* renderInSteps(cluster, node, settings, ipvsMemory(ipvs))
  const renderer = new ElementRenderer(rendered, node, settings)
  const unreadable = unreadableInTables(tables, goal)
  if (unreadable.size === 0) return renderer
  const differences = differencesOf(tables, rendered.ruleset(), unreadable)
  for (const owner of unreadable) {
    renderer.exempt(owner, { elements: differences.get(owner) ?? [] }, UNREADABLE)
  }
  const wanted = rendered.ipvs()?.servers ?? new Map<ServerKey, VirtualServer>()
  for (const key of new Set([...ipvs.servers.keys(), ...wanted.keys()])) {
    const server = ipvs.servers.get(key)
    const label = labelOf(server === undefined ? rendered.ruleset() : tables, key)
    const owner = label === undefined ? undefined : ownerIn(label)
    if (owner === undefined || !unreadable.has(owner)) continue
    if (server !== undefined) renderer.exempt(owner, removalOf(server, ipvs, tables), UNREADABLE)
    const next = wanted.get(key)
    const changes = serverChanges(server && { server }, next && { server: next })
    renderer.exempt(owner, { ipvs: changes }, UNREADABLE)
  }
  return renderer
}

/** Returns the changes that would remove a virtual server and what belongs to it. */
function removalOf(
  server: VirtualServer,
  { addresses }: KernelIpvs,
  tables: KernelRuleset,
): Changes {
  const { address, destinations } = server
  const family = tableOfAddress(address)
  const shared = (set: string, key: Tuple): readonly ElementStep[] => {
    const before = tables[family]?.elements.get(set)?.get(key)
    return before === undefined ? [] : [{ family, set, key, before, after: undefined }]
  }
  return {
    elements: [
      ...shared(SETS.boundAddresses, tuple(address)),
      ...[...destinations.values()].flatMap(({ address: to }) =>
        shared(SETS.hairpin, tuple(to, to)),
      ),
    ],
    ipvs: [
      ...serverChanges({ server }, undefined),
      ...(addresses.has(address) ? [addressChange(address, true, false)] : []),
    ],
  }
}
