import type { ElementStep } from '../../plan/nftables/delta.ts'
import { isIpvsSet } from '../../ruleset/ipvs/elements.ts'
import { WithholdingRenderer } from '../nftables/withholding-renderer.ts'

/** Gives a session of the tables what is the tables', and the rest to somebody else. */
export class IpvsRenderer extends WithholdingRenderer {
  #beside: (changes: readonly ElementStep[]) => void = () => undefined

  /** Calls the listener with what changed for ipvs, at each `settle`. */
  onBeside(listener: (changes: readonly ElementStep[]) => void): void {
    this.#beside = listener
  }

  override settle(): readonly ElementStep[] {
    const changes = super.settle()
    this.#beside(changes.filter(({ set }) => isIpvsSet(set)))
    return changes.filter(({ set }) => !isIpvsSet(set))
  }
}
