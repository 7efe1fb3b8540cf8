import { type Address, familyOf, type Protocol } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import { unreachable } from '../../model/unreachable.ts'
import { printRuleset } from '../nftables/print.ts'
import {
  type ForwardingMethod,
  type IpvsRules,
  type RealServer,
  SCHEDULER_FLAG,
  type ServerId,
  type ServerProperties,
} from './types.ts'

/** A setting of the kernel, with its name as in sysctl(8). */
export interface PrintedSysctl {
  readonly name: string
  readonly value: number
}

interface Section {
  /** The program that takes the text. */
  readonly command: string
  readonly text: string
}

/**
 * Returns ipvs rules as input of the programs that people use, in an order in which no address is
 * on the interface before its servers are complete.
 */
function ipvsSections(rules: IpvsRules, sysctls: readonly PrintedSysctl[]): readonly Section[] {
  return [
    { command: 'sysctl -p -', text: lines(sysctls.map(({ name, value }) => `${name} = ${value}`)) },
    { command: 'nft -f -', text: printRuleset(rules.filter) },
    { command: 'ipvsadm -R', text: printServers(rules) },
    { command: 'ip -batch -', text: printDummy(rules) },
  ]
}

/** Prints all sections in one text, each under the program that takes it. */
export function printIpvs(rules: IpvsRules, sysctls: readonly PrintedSysctl[]): string {
  return ipvsSections(rules, sysctls)
    .filter(({ text }) => text !== '')
    .map(({ command, text }) => `# ${command}\n${text}`)
    .join('\n')
}

function printServers({ servers, timeouts }: IpvsRules): string {
  return lines([
    ...(timeouts === undefined ? [] : [timeoutsText(timeouts)]),
    ...[...servers.values()].flatMap((server) => [
      `-A ${serverText(server)} ${propertiesText(server)}`,
      ...[...server.destinations.values()].map(
        (destination) => `-a ${serverText(server)} ${destinationText(destination)}`,
      ),
    ]),
  ])
}

function printDummy({ dummy, addresses }: IpvsRules): string {
  if (addresses.size === 0) return ''
  return lines([
    `link add ${dummy} type dummy`,
    ...[...addresses].map((address) => `address add ${addressText(address)} dev ${dummy}`),
  ])
}

/** Prints an address for `ip address`, as a prefix of one; IPv6 without duplicate detection. */
export function addressText(address: Address): string {
  return familyOf(address) === 'ipv4' ? `${address}/32` : `${address}/128 nodad`
}

const PROTOCOL_FLAG: Readonly<Record<Protocol, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
}

/** Prints a virtual server as ipvsadm names it: `-t 10.96.0.10:80`. */
export function serverText(server: ServerId): string {
  return `${PROTOCOL_FLAG[server.protocol]} ${endpointText(server)}`
}

/** Prints `-s rr -p 10800`. */
export function propertiesText(properties: ServerProperties): string {
  const { scheduler, schedulerFlags, persistence } = properties
  const flags = flagNames(scheduler, schedulerFlags)
  return [
    `-s ${scheduler}`,
    ...(persistence === undefined ? [] : [`-p ${persistence}`]),
    ...(flags.length === 0 ? [] : [`-b ${flags.join(',')}`]),
  ].join(' ')
}

/** Prints `-r 10.244.1.10:8080 -m -w 1`. */
export function destinationText(destination: RealServer): string {
  const { method, weight } = destination
  return `-r ${endpointText(destination)} ${methodFlag(method)} -w ${weight}`
}

/** Prints `--set TCP TCPFIN UDP`, in seconds. */
export function timeoutsText({ tcp, tcpFin, udp }: IpvsTimeouts): string {
  return `--set ${tcp} ${tcpFin} ${udp}`
}

/** Prints `10.244.1.10:8080` or `[fd00::10]:8080`. */
export function endpointText({ address, port }: { address: Address; port: number }): string {
  return familyOf(address) === 'ipv4' ? `${address}:${port}` : `[${address}]:${port}`
}

/** Returns the flags as ipvsadm takes them: those of sh and mh by name, others by number. */
function flagNames(scheduler: string, flags: number): readonly string[] {
  const named = scheduler === 'sh' || scheduler === 'mh'
  return Object.values(SCHEDULER_FLAG).flatMap((bit, at) => {
    if ((flags & bit) === 0) return []
    return [named ? `${scheduler}-${Object.keys(SCHEDULER_FLAG)[at]}` : `flag-${at + 1}`]
  })
}

function methodFlag(method: ForwardingMethod): string {
  switch (method) {
    case 'masq':
      return '-m'
    case 'tunnel':
      return '-i'
    case 'route':
    case 'local':
    case 'bypass':
      return '-g'
    default:
      return unreachable(method)
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
