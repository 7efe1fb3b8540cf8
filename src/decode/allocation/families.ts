import * as z from 'zod'
import type { Claimant } from '../../allocate/world.ts'
import { familyOf, type IpFamily } from '../../model/address.ts'
import type { FieldReader } from '../field-reader.ts'
import { emptyOr, notSpecial, oneOf, readAddresses } from '../fields.ts'
import { said } from '../problem.ts'

interface Spec {
  readonly clusterIP?: unknown
  readonly clusterIPs?: unknown
  readonly ipFamilies?: unknown
  readonly ipFamilyPolicy?: unknown
}

type Policy = 'SingleStack' | 'PreferDualStack' | 'RequireDualStack' | undefined

const policySchema = emptyOr(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
const familiesSchema = z.array(oneOf(['IPv4', 'IPv6']), { error: 'a list' }).nullish()

/**
 * Returns the families in which a Service wants addresses: those of its ClusterIPs; before the API
 * server has given it some, those that it would get by `ipFamilies` and `ipFamilyPolicy`.
 */
export function readFamilies(spec: Spec, reader: FieldReader): Pick<Claimant, 'families' | 'dual'> {
  const policy = policyOf(spec, reader)
  const assigned = familiesOfClusterIps(spec, reader)
  const [first = 'ipv4', second] =
    assigned.length > 0 ? assigned : completed(listedFamilies(spec, reader), policy)
  if (policy === 'RequireDualStack' && second === undefined) {
    const found = said('RequireDualStack and one ClusterIP')
    reader.report.note('spec.ipFamilyPolicy', found, 'two ClusterIPs', 'it gets one address')
  }
  if (second === undefined || policy === 'SingleStack') return { families: [first], dual: 'no' }
  const dual = policy === 'PreferDualStack' ? 'preferred' : 'required'
  return { families: [first, second], dual }
}

function policyOf({ ipFamilyPolicy }: Spec, reader: FieldReader): Policy {
  return reader.read(ipFamilyPolicy, policySchema, 'spec.ipFamilyPolicy', undefined) || undefined
}

function familiesOfClusterIps(
  { clusterIP, clusterIPs }: Spec,
  reader: FieldReader,
): readonly IpFamily[] {
  const listed = reader.list(clusterIPs, 'spec.clusterIPs') ?? []
  const values = listed.length > 0 || !clusterIP ? listed : [clusterIP]
  const path = listed.length > 0 ? 'spec.clusterIPs' : 'spec.clusterIP'
  const addresses = readAddresses(values, path, reader.report, notSpecial)
  return [...new Set(addresses.map(familyOf))]
}

function listedFamilies({ ipFamilies }: Spec, reader: FieldReader): readonly IpFamily[] {
  const listed = reader.read(ipFamilies, familiesSchema, 'spec.ipFamilies', undefined) ?? []
  return [...new Set(listed.map((each): IpFamily => (each === 'IPv4' ? 'ipv4' : 'ipv6')))]
}

/** Adds the second family for which a dual-stack policy asks, as the API server does. */
function completed(listed: readonly IpFamily[], policy: Policy): readonly IpFamily[] {
  const [first = 'ipv4', second] = listed
  const dual = policy === 'PreferDualStack' || policy === 'RequireDualStack'
  if (second !== undefined || !dual) return second === undefined ? [first] : [first, second]
  return [first, first === 'ipv4' ? 'ipv6' : 'ipv4']
}
