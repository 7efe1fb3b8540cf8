import { type BeatKey, proofOf } from '../announce/beat-codec.ts'
import type { Handover } from '../announce/handover.ts'
import { NO_OFFERS, type Offers, offerName, offerOf, offersOf } from '../announce/offers.ts'
import type { Address } from '../model/address.ts'

/** What this node offers to others, and how its kernel knows that it was taken. */
export class MemberOffers {
  readonly #node: string
  /** When this run began, in milliseconds of the clock. */
  readonly #incarnation: number
  #offers: Offers = NO_OFFERS
  #keys: readonly BeatKey[] = []
  #handovers: readonly Handover[] = []

  constructor(node: string, incarnation: number) {
    this.#node = node
    this.#incarnation = incarnation
  }

  /** Takes what is offered to each Node, and the keys that are believed; returns the same value if nothing has changed. */
  follow(
    wanted: ReadonlyMap<string, ReadonlySet<Address>>,
    keys: readonly BeatKey[],
  ): readonly Handover[] {
    const offers = offersOf(this.#offers, wanted)
    const isSame = offers === this.#offers && areSame(keys, this.#keys)
    this.#offers = offers
    this.#keys = keys
    if (isSame) return this.#handovers
    this.#handovers = [...offers.open].map(([to, offer]) => {
      const named = { offer: offerName(this.#incarnation, offer), from: this.#node, to }
      const proofs = keys.map((key) => proofOf(named, key))
      return { offer: offer.number, proofs, addresses: offer.addresses }
    })
    return this.#handovers
  }

  /** Returns the name of the offer of exactly these addresses to a Node; undefined if there is none yet. */
  name(node: string, addresses: ReadonlySet<Address>): string | undefined {
    const offer = offerOf(this.#offers, node, addresses)
    return offer && offerName(this.#incarnation, offer)
  }
}

function areSame(some: readonly BeatKey[], others: readonly BeatKey[]): boolean {
  return some.length === others.length && some.every((key, at) => key === others[at])
}
