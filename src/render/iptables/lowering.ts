import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import type { ServedService } from '../../frontend/frontends.ts'
import type { Owner } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { FrontendId } from '../../model/frontend-id.ts'
import type { Settings, Situation } from '../../model/node.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { ChainName, IptablesRuleset, TableChange } from '../../ruleset/iptables/types.ts'
import { emitChains, type Want } from './emit.ts'
import { FamilyLowering, type Lowered } from './family-lowering.ts'
import { servedByChains } from './served.ts'

/**
 * The chains and rules of iptables that serve the frontends of Services (ADR 0015). They follow
 * from the frontends alone: the order in which these came does not show.
 */
export class IptablesLowering {
  readonly #settings: Settings
  readonly #families: Readonly<Record<TableFamily, FamilyLowering>>
  readonly #wants: Map<ServiceName, readonly Want[]> = new Map()

  constructor(situation: Situation) {
    this.#settings = situation.settings
    this.#families = {
      ip: new FamilyLowering('ip', situation),
      ip6: new FamilyLowering('ip6', situation),
    }
  }

  /** Takes what a Service serves now; undefined if the Service is gone. */
  put(name: ServiceName, served: ServedService | undefined): void {
    for (const want of this.#wants.get(name) ?? []) this.#families[want.family].wants.drop(want)
    this.#wants.delete(name)
    if (served === undefined) return
    const wants = emitChains(served, this.#settings)
    for (const want of wants) this.#families[want.family].wants.put(want)
    this.#wants.set(name, wants)
  }

  /** Makes the chains follow what was put since the last call. */
  takeChanges(): Lowered {
    const lowered = FAMILIES.map((family) => this.#families[family].takeChanges())
    return {
      tables: lowered.flatMap(({ tables }) => tables),
      fronts: lowered.flatMap(({ fronts }) => fronts),
    }
  }

  /**
   * From now on, what `held` (all tables) holds of these Services stays, whatever they serve; a
   * Service without entries in it has nothing. Returns what is different from before.
   */
  exempt(held: IptablesRuleset, names: ReadonlySet<Owner>): readonly TableChange[] {
    return FAMILIES.flatMap((family) =>
      this.#families[family].exempt(held[family] ?? new Map(), names),
    )
  }

  /** Ends the exemption of a Service: the next `takeChanges` gives it the chains that it wants. */
  readmit(name: Owner): void {
    for (const family of FAMILIES) this.#families[family].readmit(name)
  }

  /** Returns the Services that stay as they are. */
  exemptServices(): ReadonlySet<Owner> {
    return new Set(FAMILIES.flatMap((family) => [...this.#families[family].exemptServices()]))
  }

  /** Returns all chains; the cost is proportional to their number. */
  rules(): IptablesRuleset {
    const ip = this.#families.ip.chains()
    const ip6 = this.#families.ip6.chains()
    return { ...(ip.size > 0 && { ip }), ...(ip6.size > 0 && { ip6 }) }
  }

  /** Returns where the frontends lead, those of exempt Services as if they were not exempt. */
  served(): ServedFrontends {
    return servedByChains(this.#families)
  }

  /** Returns the label of a VIP's or node port's own chain; undefined if the chain is shared. */
  labelOf(family: TableFamily, chain: ChainName): string | undefined {
    return this.#families[family].labelOf(chain)
  }

  /** Returns the label of a frontend; undefined if there is no such frontend. */
  label(family: TableFamily, id: FrontendId): string | undefined {
    return this.#families[family].wants.fronts.get(id)?.label
  }
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
