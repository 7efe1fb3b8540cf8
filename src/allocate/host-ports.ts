import type { ServiceName } from '../model/service-name.ts'
import type { NodeBar } from './node-reason.ts'
import type { NodeClaimant } from './nodes-world.ts'

/** A Service that could have a place. */
export interface Contender {
  readonly name: ServiceName
  readonly claimant: NodeClaimant
  /** True if the status of the Service has an address of the place. */
  readonly holds: boolean
}

/**
 * Returns undefined for a Service that has the place, and for another one the Service that has a port
 * of it. Services that hold an address of the place come first, then all others; `contenders` are in
 * order of age. As the winners hold addresses of the place afterwards, asking again gives the same
 * answer.
 */
export function contest<Who extends Contender>(
  contenders: readonly Who[],
): ReadonlyMap<Who, NodeBar | undefined> {
  const taken = new Map<string, ServiceName>()
  const outcome = new Map<Who, NodeBar | undefined>()
  const others = contenders.filter(({ holds }) => !holds)
  for (const contender of [...contenders.filter(({ holds }) => holds), ...others]) {
    const bar = collision(contender, taken)
    outcome.set(contender, bar)
    if (bar !== undefined) continue
    for (const { protocol, port } of contender.claimant.sharing.ports) {
      taken.set(`${protocol} ${port}`, contender.name)
    }
  }
  return outcome
}

function collision(
  { claimant }: Contender,
  taken: ReadonlyMap<string, ServiceName>,
): NodeBar | undefined {
  for (const { protocol, port } of claimant.sharing.ports) {
    const holder = taken.get(`${protocol} ${port}`)
    if (holder !== undefined) return { kind: 'port-taken', protocol, port, holder }
  }
  return undefined
}
