import { FLAVOURS, findPrograms } from '../../apply/iptables/programs.ts'
import { readIptables } from '../../apply/iptables/read.ts'
import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { readKernel } from '../../apply/nftables/read.ts'
import type { Goal } from '../../dataplane/dataplane.ts'
import { type ClaimKind, claimsOf, NOTHING_AGAINST } from '../../frontend/claims.ts'
import type { HeldFrontend } from '../../frontend/held-frontend.ts'
import { ownerIn, ownerOf, portIn } from '../../frontend/label-text.ts'
import { type FrontendId, frontendAddress, frontendText } from '../../model/frontend-id.ts'
import { serviceName } from '../../model/service-name.ts'
import { frontendsInTables } from '../../plan/nftables/held-frontends.ts'
import { frontendsInChains } from '../../render/iptables/held-frontends.ts'
import type { NamedService, Target } from './packet-arguments.ts'

/** The addresses of a Service that are meant, and the ports that it has at all. */
interface Targets {
  readonly targets: readonly Target[]
  readonly ports: readonly string[]
}

/** An address of a Service. */
interface Place {
  readonly id: FrontendId
  readonly kind: ClaimKind
  /** The names by which its port may be called. */
  readonly names: readonly string[]
}

/** Returns where files have the Service: each address that it asks for. */
export function targetsInFiles({ cluster, settings }: Goal, named: NamedService): Targets {
  const service = cluster.services.find((each) => serviceName(each) === named.service)
  const claims = service === undefined ? [] : claimsOf(service, settings, () => NOTHING_AGAINST)
  const places = claims.map(({ key, kind, port }): Place => {
    return { id: key, kind, names: [port.name || String(port.port), String(port.port)] }
  })
  return meant(places, named)
}

/** Returns where this kernel has the Service. Rejects with NetlinkError. */
export async function targetsInKernel(
  socket: NetlinkSocket,
  named: NamedService,
): Promise<Targets> {
  const owner = ownerOf(named.service)
  const held = (await frontendsInKernel(socket)).filter(({ label }) => ownerIn(label) === owner)
  // The kernel lists a set in any order.
  const sorted = held.toSorted((a, b) => (frontendText(a.id) < frontendText(b.id) ? -1 : 1))
  const places = sorted.map(({ id, label }): Place => {
    const { port, kind } = portIn(label)
    return { id, kind: kind as ClaimKind, names: [port, String(frontendAddress(id).port)] }
  })
  return meant(places, named)
}

async function frontendsInKernel(socket: NetlinkSocket): Promise<readonly HeldFrontend[]> {
  const { ruleset } = await readKernel(socket)
  if (ruleset.ip !== undefined || ruleset.ip6 !== undefined) return frontendsInTables(ruleset)
  for (const flavour of FLAVOURS) {
    const state = await readIptables(await findPrograms(flavour))
    const held = state.kind === 'unreadable' ? [] : frontendsInChains(state.ruleset)
    if (held.length > 0) return held
  }
  return []
}

/** What clients outside use comes first. A port of the node is no address of the Service. */
function meant(places: readonly Place[], { port }: NamedService): Targets {
  const found = places.filter(({ kind }) => ORDER.includes(kind))
  found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  const wanted = found.filter(({ names }) => port === undefined || names.includes(port))
  const targets = wanted.flatMap(({ id }): readonly Target[] => {
    const { address, ...rest } = frontendAddress(id)
    return address === undefined ? [] : [{ kind: 'address', address, ...rest }]
  })
  const ports = [...new Set(found.flatMap(({ names }) => names.slice(0, 1)))]
  return { targets, ports }
}

const ORDER: readonly ClaimKind[] = ['load-balancer', 'external-ip', 'cluster-ip']
