import type { Address, IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServicePort, SliceObject } from '../model/service.ts'
import { candidatesOf } from './candidates.ts'
import {
  type Candidate,
  type Chosen,
  distinct,
  isLocal,
  type Target,
  targetsOf,
} from './choose-endpoints.ts'
import { replaceTargets } from './replace-targets.ts'
import {
  count,
  isAnyUsed,
  noTally,
  type Tally,
  type Used,
  usedByCluster,
  usedByLocal,
} from './tally.ts'

/**
 * Chooses among the endpoints of one Service port in one family as `chooseEndpoints` does, and
 * remembers what it chose. The next choice costs what the slices name that differ, beside a glance
 * at the addresses in the others.
 */
export class EndpointChooser {
  readonly #node: NodeView
  readonly #port: ServicePort
  readonly #family: IpFamily
  readonly #tally: Tally = noTally()
  #slices: readonly SliceObject[] = []
  #cluster: Selection = NOTHING
  #local: Selection = NOTHING

  constructor(node: NodeView, port: ServicePort, family: IpFamily) {
    this.#node = node
    this.#port = port
    this.#family = family
  }

  choose(slices: readonly SliceObject[]): Chosen {
    const tally = this.#tally
    const difference = this.#differenceTo(slices)
    for (const { endpoint } of difference.before) count(tally, endpoint, this.#node, -1)
    for (const { endpoint } of difference.after) count(tally, endpoint, this.#node, 1)
    this.#slices = slices
    const offered = (): readonly Candidate[] => distinct(this.#candidates(slices), this.#node)
    const here = (all: readonly Candidate[]): readonly Candidate[] =>
      all.filter((each) => isLocal(each, this.#node))
    const local = { before: difference.before, after: here(difference.after) }
    this.#cluster = this.#select(this.#cluster, usedByCluster(tally), difference, offered)
    this.#local = this.#select(this.#local, usedByLocal(tally), local, () => here(offered()))
    return {
      cluster: this.#cluster.targets,
      local: this.#local.targets,
      any: isAnyUsed(tally),
      count: tally.all,
      offered,
    }
  }

  /** Selects anew only if others are used than before. */
  #select(
    former: Selection,
    used: Used,
    { before, after }: Difference,
    all: () => readonly Candidate[],
  ): Selection {
    if (used !== former.used) return { used, targets: targetsOf(all(), this.#node, used) }
    const wanted = targetsOf(after, this.#node, used)
    return { used, targets: replaceTargets(former.targets, before, wanted) }
  }

  /** Returns the endpoints that slices name which differ, as they were and as they are. */
  #differenceTo(slices: readonly SliceObject[]): Difference {
    const [former, latter] = [new Set(this.#slices), new Set(slices)]
    const gone = this.#slices.filter((each) => !latter.has(each))
    const come = slices.filter((each) => !former.has(each))
    const named = [...gone, ...come].flatMap(({ endpoints }) => endpoints)
    const addresses = new Set(named.map(({ address }) => address))
    // Slices that stay may name the same endpoints. Of three entries, the order may matter.
    const joined = (all: readonly SliceObject[]): readonly Candidate[] =>
      addresses.size === 0 ? [] : distinct(this.#candidates(all, addresses), this.#node)
    return { before: joined(this.#slices), after: joined(slices) }
  }

  #candidates(slices: Iterable<SliceObject>, among?: ReadonlySet<Address>): readonly Candidate[] {
    return candidatesOf(slices, this.#port, this.#family, among)
  }
}

/** The endpoints that may have changed, as they were and as they are. */
interface Difference {
  readonly before: readonly Candidate[]
  readonly after: readonly Candidate[]
}

/** Endpoints that are used, and which ones these are. */
interface Selection {
  readonly used: Used
  readonly targets: readonly Target[]
}

const NOTHING: Selection = { used: 'leaving', targets: [] }
