import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Beat, BeatLink } from './beat.ts'
import { decodeClaims, encodeClaims } from './beat-claims.ts'
import { macBytes, macText } from './mac.ts'

// What a beat says, without its signature: a byte of flags; the node's name behind its length;
// incarnation and sequence in 8 bytes each; the digest; the number of links, each with MAC address
// and name behind its length; the name of the offer that it makes, and of the one that it takes, if it does; and if it
// lists claims, index and count of the part in 2 bytes each, and the claims to the end.

const STATES = ['live', 'leaving', 'stale'] as const
const STATE = 3
const SETTLED = 4
const WANTS_LIST = 8
const LISTS = 16
const TAKES = 32
const OFFERS = 64

/** The name of an object has at most 253 characters, an interface's 15 (IFNAMSIZ). */
const LONGEST_NODE = 253
const LONGEST_NAME = 15
/** So many fit beside the longest name; nodelb names no more. */
const MOST_LINKS = 16

/** Returns the bytes that `beatFromBytes` reads. Of more than 16 interfaces the first are named. */
export function beatBytes(beat: Beat): Uint8Array {
  const { part, offer, takes } = beat
  const node = utf8ToBytes(beat.node)
  const links = beat.links.slice(0, MOST_LINKS)
  return Uint8Array.from([
    flagsOf(beat),
    node.length,
    ...node,
    ...uint(beat.incarnation, 8),
    ...uint(beat.sequence, 8),
    ...hexToBytes(beat.digest),
    links.length,
    ...links.flatMap(linkBytes),
    ...(offer === undefined ? [] : hexToBytes(offer)),
    ...(takes === undefined ? [] : hexToBytes(takes)),
    ...(part === undefined
      ? []
      : [...uint(part.index, 2), ...uint(part.count, 2), ...encodeClaims(part.claims)]),
  ])
}

function flagsOf({ state, settled, wantsList, offer, takes, part }: Beat): number {
  return (
    STATES.indexOf(state) |
    (settled ? SETTLED : 0) |
    (wantsList ? WANTS_LIST : 0) |
    (part === undefined ? 0 : LISTS) |
    (takes === undefined ? 0 : TAKES) |
    (offer === undefined ? 0 : OFFERS)
  )
}

function linkBytes({ name, mac }: BeatLink): readonly number[] {
  const text = utf8ToBytes(name).subarray(0, LONGEST_NAME)
  return [...macBytes(mac), text.length, ...text]
}

function uint(value: number, length: number): readonly number[] {
  return Array.from({ length }, (_, at) => Math.floor(value / 256 ** (length - 1 - at)) % 256)
}

/** Returns the beat of these bytes; undefined if they are none. It takes any bytes. */
export function beatFromBytes(bytes: Uint8Array): Beat | undefined {
  const take = reader(bytes)
  const [flags = 0, length = 0] = take(2)
  const state = STATES[flags & STATE]
  const node = textOf(take(length))
  const [incarnation, sequence] = [numberOf(take(8)), numberOf(take(8))]
  const digest = bytesToHex(take(8))
  const links = Array.from({ length: Math.min(take(1)[0] ?? 0, MOST_LINKS) }, (): BeatLink => {
    const [mac, [size = 0]] = [macText(take(6)), take(1)]
    return { mac, name: textOf(take(size)) }
  })
  const offer = (flags & OFFERS) === 0 ? undefined : bytesToHex(take(8))
  const takes = (flags & TAKES) === 0 ? undefined : bytesToHex(take(8))
  const part = (flags & LISTS) === 0 ? undefined : partOf(take)
  const isWhole = take.isWhole() && (part !== undefined || (flags & LISTS) === 0)
  if (!isWhole || state === undefined || length === 0 || length > LONGEST_NODE) return undefined
  if (!Number.isSafeInteger(incarnation) || !Number.isSafeInteger(sequence)) return undefined
  const [settled, wantsList] = [(flags & SETTLED) !== 0, (flags & WANTS_LIST) !== 0]
  const known = { node, incarnation, sequence, state, settled, links, wantsList, digest }
  return { ...known, offer, takes, part }
}

function partOf(take: Reader): Beat['part'] {
  const [index, count] = [numberOf(take(2)), numberOf(take(2))]
  const claims = decodeClaims(take('rest'))
  return claims === undefined || index >= count ? undefined : { index, count, claims }
}

/** Returns the next bytes: fewer than asked for if there are no more. */
interface Reader {
  (length: number | 'rest'): Uint8Array
  /** Whether all bytes were read, and none was missing. */
  isWhole(): boolean
}

function reader(bytes: Uint8Array): Reader {
  let at = 0
  const take = (length: number | 'rest'): Uint8Array => {
    const from = at
    at = length === 'rest' ? Math.max(at, bytes.length) : at + length
    return bytes.subarray(from, at)
  }
  return Object.assign(take, { isWhole: () => at === bytes.length })
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Pure folders have no TextDecoder, and the names of Nodes and interfaces are ASCII. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
