import type { HeldFrontend } from '../../frontend/held-frontend.ts'
import { portIn } from '../../frontend/label-text.ts'
import { frontendAddress, nodePortKey } from '../../model/frontend-id.ts'
import { destinationKey, type IpvsContent } from '../../ruleset/ipvs/types.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import { frontendsInTables } from '../nftables/held-frontends.ts'

/**
 * Returns the frontends that virtual servers stand for, by the labels in the table beside them. A
 * NodePort has a server at each address of the node, and is one frontend here.
 */
export function frontendsOfServers(
  tables: KernelRuleset | Ruleset,
  servers: IpvsContent['servers'],
): readonly HeldFrontend[] {
  const found = new Map<string, HeldFrontend>()
  for (const held of frontendsInTables(tables)) {
    const { kind } = portIn(held.label)
    // The health-check port of a Service as a whole is no frontend.
    if (kind === '') continue
    const { address, protocol, port } = frontendAddress(held.id)
    const server = servers.get(held.id)
    const destinations = [...(server?.destinations.values() ?? [])]
    const open = destinations.filter(({ weight }) => weight > 0)
    const quiet = destinations.filter(({ weight }) => weight === 0)
    const isNodePort = kind === 'node-port' && address !== undefined
    const id = isNodePort ? nodePortKey(protocol, port) : held.id
    found.set(`${held.family} ${id}`, {
      ...held,
      id,
      ...(server && {
        endpoints: open.map(destinationKey).sort(),
        inside: undefined,
        draining: quiet.map(destinationKey).sort(),
        remembered: server.persistence,
      }),
    })
  }
  return [...found.values()]
}
