import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Address } from '../model/address.ts'
import type { Candidate } from './eligibility.ts'

/**
 * The Nodes in MetalLB's order (speaker/layer2_controller.go), with a memory for hashes: a million of
 * them take seconds.
 */
export interface HashOrders {
  /** Returns the Nodes by the SHA-256 of node, `#` and address, the lowest first. */
  of(address: Address, nodes: readonly string[]): readonly string[]
  /** Forgets other addresses than these, once there are many of them. */
  retain(addresses: ReadonlySet<Address>): void
}

/** Returns the SHA-256 of a text. */
type Digest = (text: string) => Uint8Array

/** It needs no `node:crypto`, whose digest is faster. */
const portable: Digest = (text) => sha256(utf8ToBytes(text))

/** The Nodes in order, each with its hash at the same place. */
interface Ranks {
  readonly nodes: readonly string[]
  /** The first 48 bits of each hash. */
  readonly hashes: readonly number[]
  /** The list for which this was worked out. */
  readonly of: readonly string[]
}

const NONE: Ranks = { nodes: [], hashes: [], of: [] }

/** As many addresses that are gone may stay, so that one that comes and goes costs nothing. */
const SPARE = 64

/** Returns orders that remember each hash, as long as its Node and its address are in use. */
export function hashOrders(digest: Digest = portable): HashOrders {
  const known = new Map<Address, Ranks>()
  return {
    of(address, nodes) {
      const former = known.get(address) ?? NONE
      if (sameTexts(former.of, nodes)) return former.nodes
      const ranks = ranksOf(address, nodes, former, digest)
      known.set(address, ranks)
      return ranks.nodes
    },
    retain(addresses) {
      if (known.size <= 2 * addresses.size + SPARE) return
      for (const address of known.keys()) if (!addresses.has(address)) known.delete(address)
    },
  }
}

function ranksOf(address: Address, nodes: readonly string[], former: Ranks, digest: Digest): Ranks {
  const known = new Map(former.nodes.map((node, at) => [node, former.hashes[at]]))
  const digestOf = (node: string): Uint8Array => digest(`${node}#${address}`)
  const ranked = nodes.map((node) => {
    return { node, hash: known.get(node) ?? beginningOf(digestOf(node)) }
  })
  ranked.sort((a, b) => {
    return a.hash - b.hash || compareWhole(digestOf(a.node), digestOf(b.node))
  })
  return {
    nodes: ranked.map(({ node }) => node),
    hashes: ranked.map(({ hash }) => hash),
    of: nodes,
  }
}

/** Returns the first 48 bits, which a number holds exactly. */
function beginningOf(digest: Uint8Array): number {
  let value = 0
  for (const byte of digest.subarray(0, 6)) value = value * 256 + byte
  return value
}

/** Orders two digests that begin alike, which hardly ever happens. */
function compareWhole(a: Uint8Array, b: Uint8Array): number {
  return bytesToHex(a) < bytesToHex(b) ? -1 : 1
}

/** Lists mostly are the very same; else the comparison costs less than an order. */
function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, at) => text === b[at]))
}

/** What goes before the hash: nodes with a higher rank go first. */
interface Ranking {
  readonly ranks: ReadonlyMap<string, number>
  /** True if all have the same rank. */
  readonly isEven: boolean
}

/** Ranks candidates: the highest preference first, among equal ones the settled before the others. */
export function rankingOf(
  candidates: ReadonlyMap<string, Candidate>,
  isSettled: (node: string) => boolean,
): Ranking {
  const ranks = new Map<string, number>()
  for (const [node, { preference }] of candidates) {
    ranks.set(node, 2 * preference + (isSettled(node) ? 1 : 0))
  }
  return { ranks, isEven: new Set(ranks.values()).size < 2 }
}

/**
 * Returns the candidates for an address, the first choice first: by their rank, and among equals as
 * `hashed` has them, which may have further Nodes.
 */
export function orderOf({ ranks, isEven }: Ranking, hashed: readonly string[]): readonly string[] {
  if (isEven && ranks.size === hashed.length) return hashed
  const groups = new Map<number, string[]>()
  for (const node of hashed) {
    const rank = ranks.get(node)
    if (rank === undefined) continue
    const group = groups.get(rank)
    if (group === undefined) groups.set(rank, [node])
    else group.push(node)
  }
  return [...groups].sort(([a], [b]) => b - a).flatMap(([, group]) => group)
}
