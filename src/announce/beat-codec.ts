import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { present } from '../model/present.ts'
import type { Beat } from './beat.ts'
import { beatBytes, beatFromBytes } from './beat-bytes.ts'

// A datagram: 16 bytes of an HMAC-SHA-256 over the rest and the receiver's name (RFC 2104, truncated
// as its section 5 allows), 4 bytes that name the key, the version, and the beat. Version 2 has a proof before the beat:
// by it the kernel of a receiver knows that what it offers is taken.

/** A key of the members, as `beatKey` prepares it. */
export interface BeatKey {
  readonly bytes: Uint8Array
  /** What a datagram says of its key, so that only that one need be tried. */
  readonly id: Uint8Array
  readonly mac: Mac
}

/** Returns the HMAC-SHA-256 of a message (RFC 2104). */
type Mac = (key: Uint8Array, message: Uint8Array) => Uint8Array

const PLAIN = 1
const TAKING = 2
const SIGNATURE = 16
const ID = 4
const HEAD = SIGNATURE + ID + 1
/** Where the proof begins, and how many bytes it has. */
export const PROOF_AT: number = HEAD
export const PROOF: number = 16
/** No datagram is longer: so it passes every network in one piece. */
export const LONGEST_DATAGRAM = 1200
/** A name of one letter, no link and no list. */
const SHORTEST_DATAGRAM = HEAD + 28

/**
 * Returns a key of the bytes of a file. `mac` may be given where there is one that is faster than the
 * portable one.
 */
export function beatKey(bytes: Uint8Array, mac: Mac = portable): BeatKey {
  const id = sha256(concatBytes(utf8ToBytes('nodelb member key\n'), bytes)).slice(0, ID)
  return { bytes, id, mac }
}

function portable(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha256, key, message)
}

/** Returns the datagram of a beat for one receiver, the name of its Node. */
export function encodeBeat(beat: Beat, receiver: string, key: BeatKey): Uint8Array {
  const { takes, node } = beat
  const begin =
    takes === undefined
      ? Uint8Array.of(PLAIN)
      : concatBytes(Uint8Array.of(TAKING), proof({ offer: takes, from: receiver, to: node }, key))
  const rest = concatBytes(key.id, begin, beatBytes(beat))
  return concatBytes(sign(rest, receiver, key), rest)
}

interface OfferedTo {
  /** The name of the offer. */
  readonly offer: string
  /** The Node that offers, and the one that takes it. */
  readonly from: string
  readonly to: string
}

/** Returns what a datagram has at `PROOF_AT`, in hexadecimal, that takes an offer and is signed with this key. */
export function proofOf(offered: OfferedTo, key: BeatKey): string {
  return bytesToHex(proof(offered, key))
}

/** Nobody but a holder of the key can make it, and who has read one cannot use it for another offer. */
function proof({ offer, from, to }: OfferedTo, key: BeatKey): Uint8Array {
  return key.mac(key.bytes, utf8ToBytes(`nodelb offer\n${offer}\n${from}\n${to}`)).slice(0, PROOF)
}

/**
 * Returns the beat of a datagram that a holder of one of the keys made for this receiver; undefined for
 * any other bytes. With several keys a member believes the old and the new one while the key is
 * changed. A foreign datagram costs one HMAC at most, and mostly none: length, version and key are
 * looked at first.
 */
export function decodeBeat(
  bytes: Uint8Array,
  receiver: string,
  keys: readonly BeatKey[],
): Beat | undefined {
  if (bytes.length < SHORTEST_DATAGRAM || bytes.length > LONGEST_DATAGRAM) return undefined
  const version = bytes[HEAD - 1]
  if (version !== PLAIN && version !== TAKING) return undefined
  const key = keys.find(({ id }) => id.every((byte, at) => byte === bytes[SIGNATURE + at]))
  if (key === undefined) return undefined
  const expected = sign(bytes.subarray(SIGNATURE), receiver, key)
  // All bytes are compared, so that the time shows nothing about the first that differs.
  const difference = expected.reduce((sum, byte, at) => sum | (byte ^ present(bytes[at])), 0)
  const from = version === PLAIN ? HEAD : PROOF_AT + PROOF
  return difference === 0 ? beatFromBytes(bytes.subarray(from)) : undefined
}

function sign(rest: Uint8Array, receiver: string, key: BeatKey): Uint8Array {
  return key.mac(key.bytes, concatBytes(rest, utf8ToBytes(receiver))).slice(0, SIGNATURE)
}
