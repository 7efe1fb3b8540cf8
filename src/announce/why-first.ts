import { unreachable } from '../model/unreachable.ts'
import type { EligibleAddress } from './eligibility.ts'

/** Why a Node comes first for an address, if all are live and settled. */
export type FirstReason =
  | { readonly kind: 'only' }
  /** No other has so high a preference. */
  | { readonly kind: 'preferred'; readonly preference: number; readonly nodes: number }
  /** Its hash is the lowest of this many Nodes, all of the same preference. */
  | { readonly kind: 'hash'; readonly nodes: number }
  /** Its hash is the lowest of those with the highest preference. */
  | {
      readonly kind: 'preferred-hash'
      readonly preference: number
      readonly preferred: number
      readonly nodes: number
    }

/** Returns why the first candidate comes first; undefined if there is none. */
export function whyFirst({
  candidates,
}: Pick<EligibleAddress, 'candidates'>): FirstReason | undefined {
  const nodes = candidates.size
  if (nodes === 0) return undefined
  if (nodes === 1) return { kind: 'only' }
  const preferences = [...candidates.values()].map((each) => each.preference)
  const preference = preferences.reduce((a, b) => Math.max(a, b))
  const preferred = preferences.filter((each) => each === preference).length
  if (preferred === nodes) return { kind: 'hash', nodes }
  if (preferred === 1) return { kind: 'preferred', preference, nodes }
  return { kind: 'preferred-hash', preference, preferred, nodes }
}

/** Returns a sentence that says why this Node comes first for an address, and no other. */
export function printFirst(node: string, reason: FirstReason): string {
  switch (reason.kind) {
    case 'only':
      return `${node} is the only Node that may`
    case 'preferred':
      return `${node} has the highest preference of ${reason.nodes} Nodes: ${reason.preference}`
    case 'hash':
      return `${node} comes first of ${reason.nodes} Nodes by the hash of Node and address`
    case 'preferred-hash':
      return `${node} comes first by the hash of Node and address, of ${reason.preferred} Nodes with preference ${reason.preference}, the highest of ${reason.nodes} Nodes`
    default:
      return unreachable(reason)
  }
}
