import { PROOF, PROOF_AT } from '../../announce/beat-codec.ts'
import type { Handover } from '../../announce/handover.ts'
import { offeredSet } from '../../ruleset/netdev/handover.ts'
import type { Rule } from '../../ruleset/netdev/types.ts'
import { ARP_QUESTION, NDP_QUESTION, type Question } from './questions.ts'
import { network, transport } from './statements.ts'

/** RFC 768: the header of UDP. */
const UDP_HEADER = 8
const UDP = '11'
const PROOF_FIELD = transport(UDP_HEADER + PROOF_AT, PROOF)

/**
 * Returns the rules of an interface for what this node offers to others. The beat by which one of them says that it
 * answers is heard by the kernel first, and the agent hears it as well: so both answer for as long as that beat
 * takes, however late the agent is. What was taken is not answered any more, whatever is in the sets of the interface.
 */
export function handoverRules(handovers: readonly Handover[]): readonly Rule[] {
  return handovers.flatMap(({ offer, proofs }) => [
    ...proofs.flatMap((proof) => takenBy(proof, offer)),
    silence(ARP_QUESTION, offeredSet('ipv4', offer), offer),
    silence(NDP_QUESTION, offeredSet('ipv6', offer), offer),
  ])
}

function silence({ conditions, target }: Question, set: string, offer: number): Rule {
  return [
    ...conditions,
    { kind: 'in-set', field: target, set },
    { kind: 'taken', offer },
    { kind: 'drop' },
  ]
}

/** A datagram over IPv4 or IPv6 without extension headers; nobody but a member can know the proof. */
function takenBy(proof: string, offer: number): readonly Rule[] {
  const rest: Rule = [
    { kind: 'match', field: PROOF_FIELD, bytes: proof },
    { kind: 'note-taken', offer },
  ]
  return [
    [...udp(0x0800, network(9, 1)), ...rest],
    [...udp(0x86dd, network(6, 1)), ...rest],
  ]
}

function udp(number: number, field: ReturnType<typeof network>): Rule {
  return [
    { kind: 'protocol', number },
    { kind: 'not-for-others' },
    { kind: 'match', field, bytes: UDP },
  ]
}
