import {
  type Address,
  addressBits,
  addressBytes,
  type Cidr,
  familyOf,
  type Protocol,
} from '../../model/address.ts'
import type { RuleText } from './types.ts'

/**
 * The rules that nodelb writes, as `iptables-save` of both flavours writes them:
 *
 *     rule    = { match } target
 *     match   = [ "! " ] "-s " PREFIX | [ "! " ] "-d " PREFIX | [ "! " ] "-i " INTERFACE [ "+" ]
 *             | "-p " PROTOCOL | "-m " PROTOCOL " --dport " PORT [ ":" PORT ]
 *             | "-m iprange --src-range " FIRST "-" LAST | "-m iprange --dst-range " FIRST "-" LAST
 *             | "-m addrtype --src-type LOCAL" | "-m addrtype --dst-type LOCAL"
 *             | "-m mark --mark " BIT "/" BIT
 *             | "-m conntrack --ctstate NEW" | "-m conntrack --ctstate RELATED,ESTABLISHED"
 *             | "-m conntrack " [ "! " ] "--ctstate DNAT"
 *             | "-m comment --comment " QUOTED
 *             | "-m statistic --mode random --probability " NUMBER
 *             | "-m recent --update --seconds " N " --reap --name " LIST " --mask " ONES " --rsource"
 *             | "-m recent --set --name " LIST " --mask " ONES " --rsource"
 *     target  = "-j " CHAIN | "-g " CHAIN | "-j RETURN" | "-j ACCEPT" | "-j DROP"
 *             | "-j MARK --set-xmark " BIT "/" BIT | "-j MARK --set-xmark 0x0/" BIT
 *             | "-j DNAT --to-destination " ADDRESS ":" PORT | "-j MASQUERADE --random-fully"
 *             | "-j REJECT --reject-with " ( "tcp-reset" | "icmp-port-unreachable" | "icmp6-port-unreachable" )
 *
 * A comment is `namespace/name:port kind` where the rule is about a VIP or a node port.
 */
export type Match = string
export type Target = string

/** Joins matches and a target to a rule; empty parts are left out. */
export function ruleText(...parts: readonly (Match | Target)[]): RuleText {
  return (parts.includes('') ? parts.filter((part) => part !== '') : parts).join(' ')
}

/** Returns '' for a prefix that holds everything: iptables does not list such a match. */
export function inPrefix(flag: '-s' | '-d', prefix: Cidr): Match {
  const [address = '', length] = prefix.split('/')
  return length === '0' ? '' : `${flag} ${listed(address as Address)}/${length}`
}

/** Returns the match for one source (`-s`) or destination (`-d`), as iptables-save prints it. */
export function onHost(flag: '-s' | '-d', address: Address): Match {
  return `${flag} ${listed(address)}/${addressBits(familyOf(address))}`
}

/** Prints an address as inet_ntop(3) does: the last half of `::1:2` becomes an IPv4 address. */
function listed(address: Address): string {
  if (familyOf(address) === 'ipv4' || !address.startsWith('::')) return address
  const bytes = addressBytes(address)
  const embeds = bytes.findIndex((byte) => byte !== 0)
  if (embeds !== 12 && embeds !== 13) return address
  return `::${bytes.subarray(12).join('.')}`
}

/** Returns the match of an interval in the text of sets: an address, a prefix, or `first-last`. */
export function inInterval(side: 'src' | 'dst', interval: string): Match {
  const [first = '', last] = interval.split('-')
  if (last !== undefined) {
    return `-m iprange --${side}-range ${listed(first as Address)}-${listed(last as Address)}`
  }
  const bits = addressBits(familyOf(first as Address))
  return inPrefix(
    side === 'src' ? '-s' : '-d',
    (first.includes('/') ? first : `${first}/${bits}`) as Cidr,
  )
}

/** Returns the match of the destination ports from `first` to `last`, both included. */
export function toPorts(protocol: Protocol, first: number | string, last: number | string): Match {
  const ports = first === last ? `${first}` : `${first}:${last}`
  return `-p ${protocol} -m ${protocol} --dport ${ports}`
}

export const NEW_CONNECTION: Match = '-m conntrack --ctstate NEW'
/** Matches answers, what follows them, and errors about a connection. */
export const KNOWN_CONNECTION: Match = '-m conntrack --ctstate RELATED,ESTABLISHED'
export const WAS_DNAT: Match = '-m conntrack --ctstate DNAT'
export const NOT_DNAT: Match = '-m conntrack ! --ctstate DNAT'
export const FROM_THIS_NODE: Match = '-m addrtype --src-type LOCAL'
export const TO_THIS_NODE: Match = '-m addrtype --dst-type LOCAL'

/** Quotes as libxtables does when it saves; a label has a slash, so it is always quoted. */
export function comment(text: string): Match {
  const plain = text.replace(/[^ -\uffff]/g, '?') // control characters
  return `-m comment --comment "${plain.replace(/["'\\]/g, '\\$&')}"`
}

/**
 * Matches one packet of `count`, at random; matches always if `count` is 1. The kernel counts in
 * parts of 2^31, which the listing shows.
 */
export function oneOf(count: number): Match {
  if (count === 1) return ''
  const parts = 2 ** 31
  return `-m statistic --mode random --probability ${(Math.round(parts / count) / parts).toFixed(11)}`
}

/** Matches packets that have this bit, 0 to 31, in their mark. */
export function hasMark(bit: number): Match {
  return `-m mark --mark ${hex(bit)}/${hex(bit)}`
}

/** Sets this bit of the mark and leaves the others as they are. */
export function setMark(bit: number): Target {
  return `-j MARK --set-xmark ${hex(bit)}/${hex(bit)}`
}

/** Clears this bit of the mark and leaves the others as they are. */
export function clearMark(bit: number): Target {
  return `-j MARK --set-xmark 0x0/${hex(bit)}`
}

/** Returns the target that sends connections to an endpoint, as iptables-save prints it. */
export function dnat(address: Address, port: number | string): Target {
  const host = familyOf(address) === 'ipv4' ? address : `[${listed(address)}]`
  return `-j DNAT --to-destination ${host}:${port}`
}

export const MASQUERADE: Target = '-j MASQUERADE --random-fully'
export const RETURN: Target = '-j RETURN'
export const DROP: Target = '-j DROP'
export const ACCEPT: Target = '-j ACCEPT'

/** Leads to a chain that returns to where this chain was called from. */
export function goto(chain: string): Target {
  return `-g ${chain}`
}

/** Leads to a chain that returns to the next rule of this chain. */
export function jump(chain: string): Target {
  return `-j ${chain}`
}

/** Matches clients that came within these seconds; their time begins anew. */
export function recalled(list: string, mask: string, seconds: number): Match {
  return `-m recent --update --seconds ${seconds} --reap --name ${list} --mask ${mask} --rsource`
}

/** Always matches, and puts the client on the list. */
export function remembered(list: string, mask: string): Match {
  return `-m recent --set --name ${list} --mask ${mask} --rsource`
}

function hex(bit: number): string {
  return `0x${(2 ** bit).toString(16)}`
}
