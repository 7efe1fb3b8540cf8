import type { TableFamily } from '../../model/family.ts'
import type { Rule } from '../../ruleset/nftables/types.ts'
import {
  type Attributes,
  AttributeWriter,
  eachAttribute,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import { LIST_ELEMENT, RULE, VERDICT } from './constants.ts'
import { writeRule } from './rules.ts'

/**
 * Rules have no names: a wanted rule and one in the kernel are the same if their digests are equal.
 * A digest is the bytecode in words, without what the kernel adds or renames. It does not cover the
 * content of an anonymous `{ tcp, udp, sctp }`, because the dump of a rule does not show it.
 */

const CHUNK = 4096

/** Returns the digest of a wanted rule. */
export function ruleDigest(family: TableFamily, rule: Rule): string {
  const writer = new AttributeWriter(CHUNK)
  writeRule(writer, family, rule, { protocolSet: () => 0 })
  return digestOf(readAttributes(writer.finish()))
}

/** Returns the digest of a rule's attributes, as sent or as dumped. */
export function digestOf(rule: Attributes): string {
  const steps: string[] = []
  const expressions = rule.get(RULE.expressions)
  if (expressions !== undefined) {
    eachAttribute(expressions, 0, expressions.length, (type, start, end) => {
      if (type !== LIST_ELEMENT) return
      const step = digestExpression(expressions.subarray(start, end))
      if (!SWAP_OF_ONE_BYTE.test(step)) steps.push(step)
    })
  }
  const comment = rule.get(RULE.userData)
  if (comment !== undefined) steps.push(`userdata ${comment.toString('hex')}`)
  return steps.join('; ')
}

/**
 * nft converts the protocol in the key of an interval set to network order in units of two bytes.
 * For one byte this has no effect, so nodelb leaves it out.
 */
const SWAP_OF_ONE_BYTE = /^byteorder\(.* 4=00000001 5=00000002\)$/

const EXPRESSION = { name: 1, data: 2 } as const

/** How an attribute enters the digest; those without a treatment enter it as they are. */
type Treatment = 'leave-out' | 'unless-zero' | 'set-name' | 'data' | 'nat-flags' | 'nat-end'

/** Treatments by expression and attribute. Set ids belong to a batch and are never dumped. */
const TREATMENTS: Readonly<Record<string, Readonly<Record<number, Treatment>>>> = {
  lookup: { 1: 'set-name', 4: 'leave-out', 5: 'unless-zero' },
  dynset: { 1: 'set-name', 2: 'leave-out', 6: 'unless-zero', 9: 'unless-zero' },
  bitwise: { 4: 'data', 5: 'data', 6: 'unless-zero' },
  cmp: { 3: 'data' },
  immediate: { 2: 'data' },
  numgen: { 4: 'unless-zero' },
  nat: { 4: 'nat-end', 6: 'nat-end', 7: 'nat-flags' },
  hash: { 6: 'unless-zero' },
  masq: { 1: 'unless-zero' },
  reject: { 2: 'unless-zero' },
  counter: { 1: 'leave-out', 2: 'leave-out' },
}

function digestExpression(expression: Buffer): string {
  const found = readAttributes(expression)
  const name = readText(found.get(EXPRESSION.name))
  const attributes = readAttributes(found.get(EXPRESSION.data) ?? Buffer.alloc(0))
  const treatments = TREATMENTS[name] ?? {}
  const parts: string[] = []
  for (const type of [...attributes.keys()].sort((a, b) => a - b)) {
    const value = attributes.get(type) ?? Buffer.alloc(0)
    const text = digestAttribute(treatments[type], type, value, attributes)
    if (text !== undefined) parts.push(`${type}=${text}`)
  }
  return `${name}(${parts.join(' ')})`
}

/** NF_NAT_RANGE_MAP_IPS and NF_NAT_RANGE_PROTO_SPECIFIED, which the kernel derives. */
const DERIVED_NAT_FLAGS = 0x3

function digestAttribute(
  treatment: Treatment | undefined,
  type: number,
  value: Buffer,
  all: Attributes,
): string | undefined {
  switch (treatment) {
    case 'leave-out':
      return undefined
    case 'unless-zero':
      return value.every((byte) => byte === 0) ? undefined : value.toString('hex')
    case 'set-name':
      return readText(value).replace(/^__set(\d+|%d)$/, '__set')
    case 'data':
      return digestData(value)
    case 'nat-flags': {
      const flags = readU32(value) & ~DERIVED_NAT_FLAGS
      return flags === 0 ? undefined : String(flags)
    }
    case 'nat-end':
      // The kernel dumps the start of a range as its end where no end is given.
      return value.equals(all.get(type - 1) ?? value) ? undefined : value.toString('hex')
    case undefined:
      return value.toString('hex')
  }
}

/** Digests an NFTA_DATA: a value, or a verdict with its own attributes. */
function digestData(data: Buffer): string {
  const parts: string[] = []
  for (const [type, value] of readAttributes(data)) {
    parts.push(type === 1 ? value.toString('hex') : `verdict ${digestVerdict(value)}`)
  }
  return parts.join(',')
}

function digestVerdict(verdict: Buffer): string {
  const found = readAttributes(verdict)
  const chain = readText(found.get(VERDICT.chain))
  return `${readU32(found.get(VERDICT.code)) | 0}${chain === '' ? '' : ` ${chain}`}`
}
