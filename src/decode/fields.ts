import * as z from 'zod'
import {
  type Address,
  type Cidr,
  familyOf,
  type IpFamily,
  type Port,
  type Protocol,
  parseAddress,
  parseCidr,
  parsePort,
} from '../model/address.ts'
import { joinPath, orList, type Report } from './problem.ts'

// The message of a field's schema says what was expected; `readField` makes a problem of it.

export const text: z.ZodType<string> = z.string({ error: 'text' })
export const flag: z.ZodType<boolean> = z.boolean({ error: 'true or false' })
/** A field whose value is judged later. */
export const anything: z.ZodType<unknown> = z.unknown().optional()
export const list: z.ZodType<unknown[]> = z.array(z.unknown(), { error: 'a list' })

export const port: z.ZodType<Port> = z.custom<Port>((value) => parsePort(value) !== undefined, {
  error: 'a port from 1 to 65535',
})

/** Names also appear in comments of the rule set, so nothing but a DNS subdomain is accepted. */
export const objectName: z.ZodType<string> = z
  .string({ error: 'a name in lower-case letters, digits, "-" and "."' })
  .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
    error: 'a name in lower-case letters, digits, "-" and "."',
  })

/** The name of a namespace. As for the API server, an empty text means the default namespace. */
export const namespaceName: z.ZodType<string | null | undefined> = z
  .union([z.literal(''), objectName], {
    error: 'a name in lower-case letters, digits, "-" and "."',
  })
  .nullish()

export const portName: z.ZodType<string> = z
  .string({ error: 'a port name in lower-case letters, digits and "-"' })
  .regex(/^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/, {
    error: 'a port name in lower-case letters, digits and "-"',
  })

const protocolNames = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const

/** A protocol; as for the API server, an empty text means TCP. */
export const protocol: z.ZodType<Protocol> = emptyOr(['TCP', 'UDP', 'SCTP']).transform(
  (name) => protocolNames[name || 'TCP'],
)

/** The API server writes times in UTC without a fraction, so they can be compared as text. */
export const time: z.ZodType<string> = z
  .string({ error: 'a time such as 2026-01-31T12:00:00Z' })
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, {
    error: 'a time such as 2026-01-31T12:00:00Z',
  })

/** Returns a schema for exactly one of the values. */
export function oneOf<const Value extends string>(values: readonly Value[]): z.ZodType<Value> {
  return z.enum(values, { error: orList(values.map((value) => (value === '' ? '""' : value))) })
}

/**
 * Returns a schema for one of the values, null, undefined or an empty text: where the API server
 * has a default, it fills in an empty text too.
 */
export function emptyOr<const Value extends string>(
  values: readonly Value[],
): z.ZodType<Value | '' | null | undefined> {
  return z.enum([...values, ''], { error: orList(values) }).nullish() as z.ZodType<
    Value | '' | null | undefined
  >
}

/** Returns a schema for an object that reads the named keys and drops every other key. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape> {
  return z.object(shape, { error: 'an object' })
}

/**
 * Reads the fields of an object. If any is bad, reports for each bad one its place, what was found
 * and what was expected, and returns undefined.
 */
export function parseFields<Fields>(
  schema: z.ZodType<Fields>,
  json: unknown,
  path: string,
  report: Report,
): Fields | undefined {
  return readField(schema, json, path, report)?.value
}

/** Reads as `parseFields` does, for schemas whose value may itself be undefined. */
export function readField<Value>(
  schema: z.ZodType<Value>,
  json: unknown,
  path: string,
  report: Report,
): { readonly value: Value } | undefined {
  const result = schema.safeParse(json)
  if (result.success) return { value: result.data }
  for (const issue of result.error.issues) {
    report.error(joinPath(path, ...issue.path), valueAt(json, issue.path), issue.message)
  }
  return undefined
}

/** Returns the name of an object, as problems give it even if the name is unusable. */
export function nameOf(json: unknown, namespaced: boolean): string {
  const name = valueAt(json, ['metadata', 'name'])
  const shown = typeof name === 'string' && name !== '' ? name.slice(0, 253) : '(unnamed)'
  if (!namespaced) return shown
  const namespace = valueAt(json, ['metadata', 'namespace'])
  const usable = typeof namespace === 'string' && namespace !== ''
  return `${usable ? namespace.slice(0, 253) : 'default'}/${shown}`
}

/** Returns what is at the path, or undefined if nothing is there. */
export function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** Returns every good address once, in order; a bad one is reported and left out. */
export function readAddresses(
  values: readonly unknown[],
  path: string,
  report: Report,
  refused?: AddressRule,
): Address[] {
  const addresses = new Set<Address>()
  values.forEach((value, i) => {
    const address = readAddress(value, joinPath(path, i), report, refused)
    if (address !== undefined) addresses.add(address)
  })
  return [...addresses]
}

/** Refuses some addresses: returns what was expected instead, or undefined to accept. */
type AddressRule = (address: Address) => string | undefined

/** Returns the address, or reports a problem and returns undefined; leading zeros give a note. */
export function readAddress(
  value: unknown,
  path: string,
  report: Report,
  refused?: AddressRule,
): Address | undefined {
  const parsed = typeof value === 'string' ? parseAddress(value) : undefined
  // Go reads ::ffff:192.0.2.1 as IPv4. In an IPv6 table it would never match a packet.
  if (parsed === undefined || /^::ffff:/.test(parsed.value)) {
    report.error(path, value, 'an IPv4 or IPv6 address')
    return undefined
  }
  const instead = refused?.(parsed.value)
  if (instead !== undefined) {
    report.error(path, value, instead)
    return undefined
  }
  if (parsed.leadingZeros) noteLeadingZeros(parsed.value, value, path, report)
  return parsed.value
}

/**
 * Returns the range, or reports a problem and returns undefined. White space around a range is
 * allowed, as in kube-proxy and the API server.
 */
export function readCidr(value: unknown, path: string, report: Report): Cidr | undefined {
  const parsed = typeof value === 'string' ? parseCidr(value.trim()) : undefined
  if (parsed === undefined || /^::ffff:/.test(parsed.value)) {
    report.error(path, value, 'an address range such as 192.0.2.0/24')
    return undefined
  }
  if (parsed.leadingZeros) noteLeadingZeros(parsed.value, value, path, report)
  return parsed.value
}

/** Returns every good range once, in order; a bad one is reported and left out. */
export function readCidrs(values: readonly unknown[], path: string, report: Report): Cidr[] {
  const cidrs = values.map((value, i) => readCidr(value, joinPath(path, i), report))
  return [...new Set(cidrs.filter((cidr) => cidr !== undefined))]
}

/**
 * Refuses unspecified, loopback and multicast addresses: no packet from elsewhere carries them, and
 * translating them would break the node.
 */
export function notSpecial(address: Address): string | undefined {
  const special =
    familyOf(address) === 'ipv4'
      ? /^(0\.|127\.|2(2[4-9]|[345]\d)\.)/.test(address)
      : /^(::1?$|ff)/.test(address)
  return special ? 'no unspecified, loopback or multicast address' : undefined
}

/** Refuses what the API server refuses in externalIPs and endpoints: the above, and link-local. */
export function notSpecialOrLinkLocal(address: Address): string | undefined {
  const linkLocal = /^(169\.254\.|fe[89ab])/.test(address)
  return linkLocal ? 'no link-local address' : notSpecial(address)
}

/** Accepts the addresses of one family that are neither special nor link-local. */
export function ofFamily(family: IpFamily): AddressRule {
  return (address) => {
    if (familyOf(address) === family) return notSpecialOrLinkLocal(address)
    return family === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address'
  }
}

function noteLeadingZeros(
  value: Address | Cidr,
  found: unknown,
  path: string,
  report: Report,
): void {
  report.note(path, found, 'no leading zeros', `read as ${value}`)
}
