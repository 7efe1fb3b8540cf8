import type { TableFamily } from '../../model/family.ts'
import type { Statement } from '../../ruleset/nftables/types.ts'
import { hostU32 } from '../netlink/host-order.ts'
import { CT_KEY, type ExpressionWriter, META_KEY } from './expressions.ts'
import { loadFields } from './key-fields.ts'
import { ANONYMOUS_NAME } from './schema.ts'

/**
 * Each kind of statement as the bytecode that nft makes of the same text, so that nft prints it
 * back.
 */

type StatementOf<Kind, Each = Statement> = Each extends { readonly kind: infer Kinds }
  ? Kind extends Kinds
    ? Each
    : never
  : never

export interface StatementContext {
  /** Adds an anonymous `{ tcp, udp, sctp }` to the batch and returns its id. */
  readonly protocolSet: () => number
}

type Emitters = {
  readonly [Kind in Statement['kind']]: (
    to: ExpressionWriter,
    statement: StatementOf<Kind>,
    context: StatementContext,
  ) => void
}

const CT_STATE_NEW = 8
const CT_STATUS_DNAT = 0x20
const FIB = { saddr: 1, daddr: 2 } as const
const RTN_LOCAL = 2
const TCP = 6
const FULLY_RANDOM = 0x10
const REJECT = { unreachable: 0, tcpReset: 1 } as const
const PORT_UNREACHABLE: Readonly<Record<TableFamily, number>> = { ip: 3, ip6: 4 }
const VERDICT = { drop: 0, accept: 1, jump: -3, goto: -4 } as const
const INTERFACE_SIZE = 16
const ALL_BITS = 0xffffffff

const EMITTERS: Emitters = {
  'in-set': (to, statement) => {
    loadFields(to, statement.key)
    to.lookup(statement.set, { inverted: statement.negated === true })
  },
  'new-connection': (to) => to.ct(CT_KEY.state).bitwise(CT_STATE_NEW, 0).compare('!=', hostU32(0)),
  'was-dnat': (to) => to.ct(CT_KEY.status).bitwise(CT_STATUS_DNAT, 0).compare('!=', hostU32(0)),
  'to-this-node': (to) => to.fib(FIB.daddr).compare('==', hostU32(RTN_LOCAL)),
  'from-this-node': (to) => to.fib(FIB.saddr).compare('==', hostU32(RTN_LOCAL)),
  interface: (to, statement) =>
    to
      .meta(META_KEY.iifname)
      .compare(statement.negated ? '!=' : '==', interfaceName(statement.name, statement.prefix)),
  'has-ports': (to, _statement, context) =>
    to.meta(META_KEY.l4proto).lookup(ANONYMOUS_NAME, { setId: context.protocolSet() }),
  'is-tcp': (to) => to.meta(META_KEY.l4proto).compare('==', Buffer.from([TCP])),
  'not-loopback': (to) => {
    // 127.0.0.0/8 is recognised by its first byte, ::1 by the whole address.
    if (to.family === 'ip') to.daddrPrefix(1).compare('!=', Buffer.from([127]))
    else to.address('daddr').compare('!=', Buffer.from('00000000000000000000000000000001', 'hex'))
  },
  'set-mark': (to, { bit }) =>
    to
      .meta(META_KEY.mark)
      .bitwise(ALL_BITS ^ mark(bit), mark(bit))
      .setMeta(META_KEY.mark),
  'has-mark': (to, { bit }) =>
    to
      .meta(META_KEY.mark)
      .bitwise(mark(bit), 0)
      .compare('==', hostU32(mark(bit))),
  'clear-mark': (to, { bit }) =>
    to.meta(META_KEY.mark).bitwise(ALL_BITS, mark(bit)).setMeta(META_KEY.mark),
  dnat: (to, statement) => {
    loadFields(to, statement.key)
    to.lookup(statement.map, { map: true }).dnat()
  },
  'verdict-map': (to, { key, map }) => {
    loadFields(to, key)
    to.lookupVerdict(map)
  },
  remember: (to, statement) => {
    loadFields(to, statement.key)
    to.change(statement.set, 'update', statement.seconds)
  },
  forget: (to, statement) => {
    loadFields(to, statement.key)
    to.change(statement.set, 'delete')
  },
  masquerade: (to) => to.masquerade(FULLY_RANDOM),
  reject: (to, statement) => {
    if (statement.with === 'tcp-reset') to.reject(REJECT.tcpReset, 0)
    else to.reject(REJECT.unreachable, PORT_UNREACHABLE[to.family])
  },
  drop: (to) => to.verdict(VERDICT.drop),
  accept: (to) => to.verdict(VERDICT.accept),
  jump: (to, { chain }) => to.verdict(VERDICT.jump, chain),
  goto: (to, { chain }) => to.verdict(VERDICT.goto, chain),
}

/** Writes a statement's expressions. Throws if the name of an interface is empty or too long. */
export function writeStatement(
  to: ExpressionWriter,
  statement: Statement,
  context: StatementContext,
): void {
  const emit = EMITTERS[statement.kind] as (
    to: ExpressionWriter,
    statement: Statement,
    context: StatementContext,
  ) => void
  emit(to, statement, context)
}

/** `bit` counts from 0, as kube-proxy's masqueradeBit does. */
function mark(bit: number): number {
  return (1 << bit) >>> 0
}

/** An exact name is compared together with its padding, a prefix without any. */
function interfaceName(name: string, prefix: boolean): Buffer {
  const bytes = Buffer.from(name)
  if (bytes.length === 0 || bytes.length >= INTERFACE_SIZE) throw new Error(`interface "${name}"`)
  return prefix ? bytes : Buffer.concat([bytes, Buffer.alloc(INTERFACE_SIZE - bytes.length)])
}
