import type { ElementStep } from '../../plan/nftables/delta.ts'
import { isIpvsSet } from '../../ruleset/ipvs/elements.ts'
import { WithholdingRenderer } from '../nftables/withholding-renderer.ts'

/** Passes a session of the tables the changes of the tables, and a listener those of ipvs. */
export class IpvsRenderer extends WithholdingRenderer {
  #beside: (changes: readonly ElementStep[]) => void = () => undefined

  /** Calls the listener at each `settle` with the changes for ipvs. */
  onBeside(listener: (changes: readonly ElementStep[]) => void): void {
    this.#beside = listener
  }

  override settle(): readonly ElementStep[] {
    const changes = super.settle()
    this.#beside(changes.filter(({ set }) => isIpvsSet(set)))
    return changes.filter(({ set }) => !isIpvsSet(set))
  }
}
