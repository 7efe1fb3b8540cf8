import type { Owner } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { Settings } from '../../model/node.ts'
import type { ChainName, IptablesRuleset, TableChange } from '../../ruleset/iptables/types.ts'
import type { Ruleset } from '../../ruleset/nftables/types.ts'
import type { ElementChange } from '../assembly.ts'
import { FamilyLowering } from './family-lowering.ts'

/**
 * The chains and rules of iptables that stand for the elements of a rule set (ADR 0015). They
 * follow from the elements alone: the order in which these came, and their slots and seats, do not
 * show.
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
   * Lowers what `changes` (those of a `Delta`) are about, or everything if there are none, as the
   * first time. `ruleset` is the present rule set. Returns what is different from before.
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
   * From now on, what `held` (all tables) holds of these Services stays, whatever their elements
   * say; a Service of which it holds nothing has nothing. Returns what is different from before.
   */
  hold(held: IptablesRuleset, names: ReadonlySet<Owner>): readonly TableChange[] {
    return FAMILIES.flatMap((family) =>
      this.#families[family].hold(held[family] ?? new Map(), names),
    )
  }

  /** Lets a held Service go: the next `update` lowers it again. */
  release(name: Owner): void {
    for (const family of FAMILIES) this.#families[family].release(name)
  }

  /** Returns the Services that stay as they are. */
  heldServices(): ReadonlySet<Owner> {
    return new Set(FAMILIES.flatMap((family) => [...this.#families[family].heldServices()]))
  }

  /** Returns all chains; the cost is proportional to their number. */
  rules(): IptablesRuleset {
    const ip = this.#families.ip.chains()
    const ip6 = this.#families.ip6.chains()
    return { ...(ip.size > 0 && { ip }), ...(ip6.size > 0 && { ip6 }) }
  }

  /** Returns the label of a VIP's or node port's own chain; undefined if the chain is shared. */
  labelOf(family: TableFamily, chain: ChainName): string | undefined {
    return this.#families[family].labelOf(chain)
  }
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** Lowers a whole rule set at once. */
export function lower(ruleset: Ruleset, settings: Settings): IptablesRuleset {
  const lowering = new IptablesLowering(settings)
  lowering.update(ruleset)
  return lowering.rules()
}
