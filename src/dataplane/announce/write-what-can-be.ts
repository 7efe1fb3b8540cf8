import type { Address } from '../../model/address.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { Failed } from '../outcome.ts'
import type { KernelTableWriter, Switching } from './kernel-table.ts'
import { type Wanted, withoutTaken } from './refusals.ts'
import type { RanOut, RefusedInterface } from './responder.ts'

/** What the kernel answers for, and what it does not although that was wanted. */
interface WrittenPart extends Pick<Wanted, 'announced'> {
  readonly kind: 'written'
  readonly refused: readonly RefusedInterface[]
  readonly taken: readonly Address[]
}

/** Writes the table, without what the kernel refuses and what another node has taken. Rejects with NetlinkError. */
export async function writeWhatCanBe(
  table: KernelTableWriter,
  wanted: Wanted,
  switching: Switching,
): Promise<WrittenPart | RanOut | Failed> {
  const refused: RefusedInterface[] = []
  const taken: Address[] = []
  for (let left = wanted; ; ) {
    const outcome = await table.write(left, switching)
    const { announced, handovers } = left
    switch (outcome.kind) {
      case 'written':
        return { kind: 'written', announced, refused, taken }
      case 'failed':
      case 'ran-out':
        return outcome
      case 'taken':
        left = withoutTaken(left, outcome.addresses)
        taken.push(...outcome.addresses)
        break
      case 'refused-interface': {
        const { name, reason } = outcome
        left = { announced: announced.filter(({ station }) => station.name !== name), handovers }
        refused.push({ name, reason })
        break
      }
      case 'refused-handovers':
        // Then the agent hears alone that its offers are taken.
        left = { ...left, handovers: [] }
        break
      default:
        unreachable(outcome)
    }
  }
}
