import type { Owner } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Settings } from '../../model/node.ts'
import type { ChainName, IptablesRuleset, TableChange } from '../../ruleset/iptables/types.ts'
import type { Ruleset } from '../../ruleset/nftables/types.ts'
import type { ElementChange } from '../assembly.ts'
import { FamilyLowering } from './family-lowering.ts'

/**
 * The chains and rules of iptables that stand for the elements of a rule set (ADR 0015). They follow
 * from the elements alone: the order in which these came, and their slots and seats, do not show.
 */
export class IptablesLowering {
  readonly #families: Readonly<Record<TableFamily, FamilyLowering>>

  constructor(settings: Settings) {
    this.#families = {
      ip: new FamilyLowering('ip', settings),
      ip6: new FamilyLowering('ip6', settings),
    }
  }

  /**
   * Lowers what `changes` (those of a `Delta`) are about; without them, everything, which is what
   * comes first. `ruleset` is the rule set of now. Returns what is different from before.
   */
  update(ruleset: Ruleset, changes?: readonly ElementChange[]): readonly TableChange[] {
    return FAMILIES.flatMap((family) =>
      this.#families[family].update(
        ruleset[family]?.elements ?? new Map(),
        changes?.filter((change) => change.family === family),
      ),
    )
  }

  /**
   * From now on what `held` (of all tables) has of these Services stays, whatever their elements say.
   * Of a Service that it does not have, there is nothing. Returns what is different from before.
   */
  hold(held: IptablesRuleset, names: ReadonlySet<Owner>): readonly TableChange[] {
    return FAMILIES.flatMap((family) =>
      this.#families[family].hold(held[family] ?? new Map(), names),
    )
  }

  /** Ends that; the next `update` lowers the Service again. */
  release(name: Owner): void {
    for (const family of FAMILIES) this.#families[family].release(name)
  }

  heldServices(): ReadonlySet<Owner> {
    return new Set(FAMILIES.flatMap((family) => [...this.#families[family].heldServices()]))
  }

  /** All chains; costs as much as there are. */
  rules(): IptablesRuleset {
    const ip = this.#families.ip.chains()
    const ip6 = this.#families.ip6.chains()
    return { ...(ip.size > 0 && { ip }), ...(ip6.size > 0 && { ip6 }) }
  }

  /** The label (`namespace/name:port kind`) of the VIP or node port that a chain is for alone. */
  labelOf(family: TableFamily, chain: ChainName): string | undefined {
    return this.#families[family].labelOf(chain)
  }
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** The whole at once. */
export function lower(ruleset: Ruleset, settings: Settings): IptablesRuleset {
  const lowering = new IptablesLowering(settings)
  lowering.update(ruleset)
  return lowering.rules()
}
