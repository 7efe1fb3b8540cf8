import type { Address } from '../model/address.ts'
import type { EligibleAddress } from './eligibility.ts'
import type { LeftOut, LeftOutReason } from './left-out.ts'
import type { SilenceReason } from './silence.ts'

/** Returns the Nodes that may not announce an address, in order of name, each with one reason. */
export function leftOutOf({
  bids,
  candidates,
}: Pick<EligibleAddress, 'bids' | 'candidates'>): readonly LeftOut[] {
  const reasons = new Map<string, LeftOutReason>()
  const note = (node: string, reason: LeftOutReason): void => {
    if (!candidates.has(node) && !reasons.has(node)) reasons.set(node, reason)
  }
  for (const { service, allowed, endpoints } of bids) {
    for (const { node, reason } of allowed.leftOut) note(node, reason)
    if (endpoints === undefined) continue
    for (const node of allowed.candidates.keys()) {
      if (!endpoints.has(node)) note(node, { kind: 'no-endpoint', service })
    }
  }
  const found = [...reasons].map(([node, reason]) => ({ node, reason }))
  return found.sort((a, b) => (a.node < b.node ? -1 : 1))
}

/** Returns the reason why nobody announces an address, with the Nodes of each reason together. */
export function whyNobody(address: Address, leftOut: readonly LeftOut[]): SilenceReason {
  const groups = new Map<string, { readonly reason: LeftOutReason; readonly nodes: string[] }>()
  for (const { node, reason } of leftOut) {
    const key = JSON.stringify(reason)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { reason, nodes: [node] })
    else group.nodes.push(node)
  }
  return { kind: 'no-node', address, why: [...groups.values()] }
}
