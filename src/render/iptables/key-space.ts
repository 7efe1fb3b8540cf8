import {
  type Address,
  addressBits,
  addressBytes,
  addressFromBytes,
  type Cidr,
  familyOf,
  type IpFamily,
  type Port,
  type Protocol,
  protocols,
} from '../../model/address.ts'
import { type FrontendId, frontendAddress, vipKey } from '../../model/frontend-id.ts'
import { present } from '../../model/present.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { inPrefix, type Match, onHost, ruleText, toPorts } from '../../ruleset/iptables/rule.ts'

/**
 * Turns keys into text in which keys with a common beginning are neighbours in the order of a tree:
 * the digits of the address, then the protocol, then the port, as far as the tree needs them.
 */
export interface KeySpace {
  /** Returns the digits of a key: `10.96.0.10 . tcp . 80`, `tcp . 30080` or `10.244.1.10`. */
  digits(key: Tuple): Digits
  /** Returns what matches a packet for this key. */
  leaf(key: Tuple): Match
  /** Returns what matches a packet for any key that begins with these digits. */
  match(prefix: Digits): Match
  /** Returns the same as part of a chain's name: `10.96.0.0/20`, `10.96.0.10-tcp-0-4095`. */
  text(prefix: Digits): string
}

export type Digits = string

/** Keys that their digits determine. */
export interface VipSpace extends KeySpace {
  /** Returns the key of these digits. */
  key(digits: Digits): FrontendId
}

/** Bits of a digit; a chain of a tree has at most 2^BITS children (ADR 0015 has the figures). */
const BITS = 2

/** Keys that are addresses, matched as source (`-s`) or destination (`-d`). */
export function addressSpace(family: IpFamily, flag: '-s' | '-d'): KeySpace {
  return {
    digits: (key) => addressDigits(key as string as Address),
    leaf: (key) => onHost(flag, key as string as Address),
    match: (prefix) => inPrefix(flag, cidrOf(family, prefix)),
    text: (prefix) => cidrOf(family, prefix),
  }
}

/** Keys that are ports of the node. */
export const portSpace: KeySpace = {
  digits(key) {
    const { protocol, port } = frontendAddress(key)
    return portDigits(protocol, port)
  },
  leaf(key) {
    const { protocol, port } = frontendAddress(key)
    return toPorts(protocol, port, port)
  },
  match(prefix) {
    const { protocol, first, last } = portsOf(prefix)
    return first === 0 && last === MAX_PORT ? `-p ${protocol}` : toPorts(protocol, first, last)
  },
  text(prefix) {
    const { protocol, first, last } = portsOf(prefix)
    return `${protocol}-${first}-${last}`
  },
}

/** Keys that are VIPs. */
export function vipSpace(family: IpFamily): VipSpace {
  const length = addressBits(family) / BITS
  const addresses = addressSpace(family, '-d')
  return {
    digits(key) {
      const { address, protocol, port } = frontendAddress(key)
      return addressDigits(present(address)) + portDigits(protocol, port)
    },
    key(digits) {
      const { protocol, first } = portsOf(digits.slice(length))
      return vipKey(addressOfDigits(family, digits.slice(0, length)), protocol, first)
    },
    leaf(key) {
      const { address, protocol, port } = frontendAddress(key)
      return ruleText(addresses.leaf(tuple(present(address))), toPorts(protocol, port, port))
    },
    match(prefix) {
      const rest = prefix.slice(length)
      const address = addresses.match(prefix.slice(0, length))
      return rest === '' ? address : ruleText(address, portSpace.match(rest))
    },
    text(prefix) {
      const rest = prefix.slice(length)
      if (rest === '') return addresses.text(prefix)
      const address = addresses.text(prefix.slice(0, length)).split('/')[0]
      return `${address}-${portSpace.text(rest)}`
    },
  }
}

const MAX_PORT = 65_535

function addressDigits(address: Address): Digits {
  if (familyOf(address) === 'ipv4') return address.split('.').map(Number).map(byteDigits).join('')
  return Array.from(addressBytes(address), byteDigits).join('')
}

function portDigits(protocol: Protocol, port: Port): Digits {
  return `${protocols.indexOf(protocol)}${byteDigits(port >> 8)}${byteDigits(port & 255)}`
}

function byteDigits(byte: number): Digits {
  return present(DIGITS_OF_BYTES[byte])
}

const DIGITS_OF_BYTES: readonly Digits[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(2 ** BITS).padStart(8 / BITS, '0'),
)

function cidrOf(family: IpFamily, prefix: Digits): Cidr {
  return `${addressOfDigits(family, prefix)}/${prefix.length * BITS}` as Cidr
}

/** Returns the address that begins with these digits; the rest is zero. */
function addressOfDigits(family: IpFamily, prefix: Digits): Address {
  const bytes = new Uint8Array(addressBits(family) / 8)
  const each = 8 / BITS
  for (let at = 0; at * each < prefix.length; at++) {
    const digits = prefix.slice(at * each, at * each + each).padEnd(each, '0')
    bytes[at] = Number.parseInt(digits, 2 ** BITS)
  }
  return addressFromBytes(bytes)
}

function portsOf(prefix: Digits): {
  readonly protocol: Protocol
  readonly first: number
  readonly last: number
} {
  const rest = prefix.slice(1)
  const length = 16 / BITS
  const base = 2 ** BITS
  return {
    protocol: present(protocols[Number(prefix[0])]),
    first: Number.parseInt(rest.padEnd(length, '0'), base),
    last: Number.parseInt(rest.padEnd(length, (base - 1).toString(base)), base),
  }
}
