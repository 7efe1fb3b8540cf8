import ipaddr from 'ipaddr.js'
import type { Brand } from './brand.ts'

export type IpFamily = 'ipv4' | 'ipv6'

/** An address in canonical text (RFC 5952 for IPv6): equal addresses are equal strings. */
export type Address = Brand<string, 'Address'>

/** `address/length` with the host bits cleared, in canonical text. */
export type Cidr = Brand<string, 'Cidr'>

/** 1 to 65535. */
export type Port = Brand<number, 'Port'>

export type Protocol = 'tcp' | 'udp' | 'sctp'

export const protocols: readonly Protocol[] = ['tcp', 'udp', 'sctp']

interface Normalised<Value> {
  readonly value: Value
  /** True when the text was not canonical because of leading zeros (KEP-2655's "bad IPs"). */
  readonly leadingZeros: boolean
}

/**
 * Reads an address as kube-proxy does: leading zeros are dropped and the number is decimal. Returns
 * undefined if the text is no address.
 */
export function parseAddress(text: string): Normalised<Address> | undefined {
  const bare = dropLeadingZeros(text)
  const leadingZeros = bare !== text
  if (isIpv4(bare)) return { value: bare as Address, leadingZeros }
  if (!bare.includes(':') || bare.includes('%') || !ipaddr.IPv6.isValid(bare)) return undefined
  return { value: canonicalIpv6(bare), leadingZeros: false }
}

/**
 * Reads `address/length` as kube-proxy does (Go's netutils.ParseCIDRSloppy) and clears the host
 * bits. Returns undefined if the text is no prefix.
 */
export function parseCidr(text: string): Normalised<Cidr> | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const address = parseAddress(text.slice(0, slash))
  const bits = text.slice(slash + 1)
  if (address === undefined || !/^\d+$/.test(bits)) return undefined
  const length = Number(bits)
  if (length > addressBits(familyOf(address.value))) return undefined
  const leadingZeros = address.leadingZeros || bits !== String(length)
  return { value: cidrAround(address.value, length), leadingZeros }
}

/** Returns the prefix of a length, at most the bits of the family, that has the address. */
export function cidrAround(address: Address, length: number): Cidr {
  const family = familyOf(address)
  return `${addressOf(family, first(toBigInt(address), family, length))}/${length}` as Cidr
}

/** Returns the value as a port, or undefined if it is no whole number from 1 to 65535. */
export function parsePort(value: unknown): Port | undefined {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
    ? (value as Port)
    : undefined
}

/** Returns the family of an address or a prefix. */
export function familyOf(value: Address | Cidr): IpFamily {
  return value.includes(':') ? 'ipv6' : 'ipv4'
}

/** Returns the number of bits of an address. */
export function addressBits(family: IpFamily): 32 | 128 {
  return family === 'ipv4' ? 32 : 128
}

/** Returns the first and last address of a prefix, as integers. */
export function cidrRange(cidr: Cidr): { readonly first: bigint; readonly last: bigint } {
  const slash = cidr.indexOf('/')
  const address = cidr.slice(0, slash) as Address
  const family = familyOf(address)
  const start = toBigInt(address)
  const size = 1n << BigInt(addressBits(family) - Number(cidr.slice(slash + 1)))
  return { first: start, last: start + size - 1n }
}

/** Returns whether the prefix contains the address; false for one of the other family. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (familyOf(cidr) !== familyOf(address)) return false
  const range = cidrRange(cidr)
  const value = toBigInt(address)
  return value >= range.first && value <= range.last
}

/** Returns the prefix that holds this one address. */
export function hostCidr(address: Address): Cidr {
  return `${address}/${addressBits(familyOf(address))}` as Cidr
}

/** Returns the address as an integer, its first byte the most significant. */
export function toBigInt(address: Address): bigint {
  let value = 0n
  for (const byte of addressBytes(address)) value = (value << 8n) | BigInt(byte)
  return value
}

/**
 * Returns the IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`, RFC 4291, 2.5.5.2),
 * and any other address as it is.
 */
export function unmapped(address: Address): Address {
  if (familyOf(address) === 'ipv4') return address
  const value = toBigInt(address)
  return value >> 32n === MAPPED ? addressOf('ipv4', value & 0xffff_ffffn) : address
}

/** The upper 96 bits of IPv4 addresses that are written as IPv6. */
const MAPPED = 0xffffn

/** Returns 4 or 16 bytes in network order. */
export function addressBytes(address: Address): Uint8Array {
  if (address.includes(':')) return Uint8Array.from(ipaddr.IPv6.parse(address).toByteArray())
  return Uint8Array.from(address.split('.').map(Number))
}

/** Returns the address of 4 or 16 bytes in network order. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return bytes.join('.') as Address
  return new ipaddr.IPv6(Array.from(bytes)).toRFC5952String() as Address
}

/** Returns the address that has this number, the reverse of `toBigInt`. */
export function addressOf(family: IpFamily, value: bigint): Address {
  const bytes = new Uint8Array(addressBits(family) / 8)
  let rest = value
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return addressFromBytes(bytes)
}

function first(value: bigint, family: IpFamily, length: number): bigint {
  const host = BigInt(addressBits(family) - length)
  return (value >> host) << host
}

function dropLeadingZeros(text: string): string {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text)) return text
  return text.replace(/(^|\.)0+(?=\d)/g, '$1')
}

function isIpv4(text: string): boolean {
  return (
    /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((byte) => Number(byte) <= 255)
  )
}

function canonicalIpv6(text: string): Address {
  return ipaddr.IPv6.parse(text).toRFC5952String() as Address
}
