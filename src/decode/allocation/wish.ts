import type { Wish } from '../../allocate/world.ts'
import { type Address, familyOf, parseAddress, unmapped } from '../../model/address.ts'
import type { Labels } from '../../model/label-selector.ts'
import { notSpecial } from '../fields.ts'
import { joinPath, type Report } from '../problem.ts'
import { metallbAnnotation } from './annotations.ts'

/** A text that asks for addresses, and where it stands. */
interface Request {
  readonly text: string
  readonly path: string
  readonly parts: readonly string[]
}

type Requested =
  | { readonly kind: 'addresses'; readonly addresses: readonly Address[] }
  | Extract<Wish, { readonly kind: 'unreadable' }>

const FIELD = 'spec.loadBalancerIP'

/**
 * Returns what a Service asks for by annotations or by spec.loadBalancerIP, which means the same. A
 * text that cannot be read is reported, and the wish says why.
 */
export function readWish(annotations: Labels, loadBalancerIP: unknown, report: Report): Wish {
  const pool = metallbAnnotation(annotations, 'address-pool')?.value
  const requested = readRequested(annotations, loadBalancerIP, report)
  if (requested?.kind === 'addresses') return { ...requested, pool }
  if (requested !== undefined) return requested
  return pool === undefined ? { kind: 'any' } : { kind: 'pool', pool }
}

function readRequested(
  annotations: Labels,
  loadBalancerIP: unknown,
  report: Report,
): Requested | undefined {
  const found = metallbAnnotation(annotations, 'loadBalancerIPs')
  const listed = found && readAddresses(requestIn(found.key, found.value), report)
  if (loadBalancerIP === undefined || loadBalancerIP === null || loadBalancerIP === '') {
    return listed
  }
  const field = readField(loadBalancerIP, report)
  if (found === undefined || listed?.kind !== 'addresses') return listed ?? field
  if (field.kind !== 'addresses') return field
  if (isSame(listed.addresses, field.addresses)) {
    report.note(FIELD, loadBalancerIP, 'the address in one place', `the same as ${found.key}`)
    return listed
  }
  report.error(FIELD, loadBalancerIP, `the same as the annotation ${found.key}`)
  const text = `${found.value} and ${loadBalancerIP}`
  return { kind: 'unreadable', text, why: `${found.key} and ${FIELD} differ` }
}

function requestIn(key: string, text: string): Request {
  const parts = text.split(',').map((part) => part.trim())
  return { text, path: joinPath('metadata.annotations', key), parts }
}

function readField(value: unknown, report: Report): Requested {
  if (typeof value === 'string') {
    return readAddresses({ text: value, path: FIELD, parts: [value.trim()] }, report)
  }
  report.error(FIELD, value, 'an IPv4 or IPv6 address')
  return { kind: 'unreadable', text: JSON.stringify(value), why: `${FIELD} is no text` }
}

/** Reads one address, or one of each family. */
function readAddresses({ text, path, parts }: Request, report: Report): Requested {
  const refuse = (expected: string, why: string): Requested => {
    report.error(path, text, expected)
    return { kind: 'unreadable', text, why }
  }
  const addresses: Address[] = []
  for (const part of parts) {
    const parsed = parseAddress(part)
    if (parsed === undefined) {
      const why = `${JSON.stringify(part)} is no IP address`
      return refuse('an address, or one of each family with a comma between them', why)
    }
    const address = unmapped(parsed.value)
    const instead = notSpecial(address)
    if (instead !== undefined) return refuse(instead, `no Service can have ${address}`)
    if (addresses.some((other) => familyOf(other) === familyOf(address))) {
      const family = familyOf(address) === 'ipv4' ? 'IPv4' : 'IPv6'
      return refuse('at most one address of each family', `it names two ${family} addresses`)
    }
    if (parsed.leadingZeros) report.note(path, part, 'no leading zeros', `read as ${address}`)
    addresses.push(address)
  }
  return { kind: 'addresses', addresses }
}

function isSame(a: readonly Address[], b: readonly Address[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each))
}
