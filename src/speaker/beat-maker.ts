import type { Beat } from '../announce/beat.ts'
import { type BeatKey, encodeBeat } from '../announce/beat-codec.ts'

/** What a beat says, besides who sends it and when. */
export type Said = Omit<Beat, 'node' | 'incarnation' | 'sequence'>

/** Makes the beats of this node, each newer than the one before. */
export class BeatMaker {
  readonly #node: string
  /** When this run began, in milliseconds of the clock. */
  readonly incarnation: number = Date.now()
  #sequence = 0

  constructor(node: string) {
    this.#node = node
  }

  /** Returns the datagram of the next beat to a peer, the name of its Node. */
  datagram(peer: string, said: Said, key: BeatKey): Uint8Array {
    this.#sequence += 1
    const run = { node: this.#node, incarnation: this.incarnation, sequence: this.#sequence }
    const links = said.links.map(({ name, mac }) => ({ name, mac }))
    return encodeBeat({ ...said, ...run, links }, peer, key)
  }
}
