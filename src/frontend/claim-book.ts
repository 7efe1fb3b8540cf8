import { present } from '../model/present.ts'
import type { ServiceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Tuple } from '../model/tuple.ts'
import { type Allocation, allocationsAgainst, allocationsOf, kindOf } from './allocations.ts'
import { Asker, isOlder, outranks } from './asker.ts'
import type { AllocatedKind, Claim } from './claims.ts'
import type { Denial, WhyDenied } from './denials.ts'
import { Ranking } from './ranking.ts'
import { Watchers } from './watchers.ts'

/**
 * Records which Service asks for which address, and which Service has it. The cost of a change
 * depends on the change alone, however many Services ask for the same.
 */
export class ClaimBook {
  readonly #askers: Map<ServiceName, Asker> = new Map()
  readonly #ranking: Ranking<Tuple> = new Ranking(outranks)
  /** What the API server allocated to Services; two have the same only by a fault. */
  readonly #allocated: Ranking<Allocation> = new Ranking(isOlder)
  /** The Services that ask for what may be allocated to another Service. */
  readonly #watchers: Watchers<Allocation> = new Watchers()
  /** The Services whose denials may differ from what `takeDenials` last returned. */
  readonly #untold: Set<ServiceName> = new Set()
  /** The Services that had denials when `takeDenials` last looked at them. */
  readonly #told: Set<ServiceName> = new Set()

  /** Replaces the claims of a Service; returns it and those whose won claims may have changed. */
  replace(
    name: ServiceName,
    service: ServiceObject | undefined,
    claims: readonly Claim[],
  ): Iterable<ServiceName> {
    const before = this.#askers.get(name)
    const asker = service && new Asker(name, service, claims)
    const round = new Round(this.#ranking)
    const others = this.#allocate(name, before, asker)
    this.#watchers.replace(name, rivalled(before), rivalled(asker))
    if (before !== undefined) compete(before, [], round)
    if (asker === undefined) this.#askers.delete(name)
    else this.#askers.set(name, asker)
    for (const each of [name, ...others]) {
      const found = this.#askers.get(each)
      if (found !== undefined) compete(found, this.#competing(found), round)
      this.#untold.add(each)
    }
    const moves = round.moves()
    if (moves.length === 0 && others.size === 0) return [name]
    for (const { key } of moves) {
      for (const rival of this.#ranking.all(key)) this.#untold.add(rival.name)
    }
    return new Set([name, ...others, ...moves.flatMap(({ from, to }) => [from, to ?? from])])
  }

  /** Returns the claims that the Service has won, once `replace` knows it. */
  won(name: ServiceName): readonly Claim[] {
    const { competing } = present(this.#askers.get(name))
    if (!this.#ranking.isContested) return competing
    return competing.filter(({ key }) => this.#ranking.first(key)?.name === name)
  }

  /** Returns the claims that the Service does not get, in order of key. */
  denials(service: ServiceName): readonly Denial[] {
    const found: Denial[] = []
    for (const claim of this.#askers.get(service)?.claims ?? []) {
      const why = this.#whyDenied(service, claim)
      if (why !== undefined) found.push({ service, key: claim.key, why })
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Returns the denials of every Service, in order of name. */
  allDenials(): readonly Denial[] {
    return [...this.#askers.keys()].sort().flatMap((name) => this.denials(name))
  }

  /**
   * Returns the denials of the Services whose denials may have changed since the last call; an
   * empty list says that a Service has none any more.
   */
  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    const found = new Map<ServiceName, readonly Denial[]>()
    for (const name of [...this.#untold].sort()) {
      const denials = this.denials(name)
      if (denials.length > 0 || this.#told.has(name)) found.set(name, denials)
      if (denials.length > 0) this.#told.add(name)
      else this.#told.delete(name)
    }
    this.#untold.clear()
    return found
  }

  /** Returns the other Services whose claims have to be looked at again. */
  #allocate(
    name: ServiceName,
    before: Asker | undefined,
    after: Asker | undefined,
  ): ReadonlySet<ServiceName> {
    const former = before === undefined ? [] : allocationsOf(before.service)
    const next = after === undefined ? [] : allocationsOf(after.service)
    const ownerOf = (each: Allocation): ServiceName | undefined => this.#allocated.first(each)?.name
    const watched = [...former, ...next].filter((each) => this.#watchers.has(each))
    const owners = watched.map(ownerOf)
    if (before !== undefined) for (const each of former) this.#allocated.leave(each, before)
    if (after !== undefined) for (const each of next) this.#allocated.enter(each, after)
    if (watched.length === 0) return NOBODY
    const moved = watched.filter((each, at) => ownerOf(each) !== owners[at])
    const others = new Set(moved.flatMap((each) => [...this.#watchers.of(each)]))
    others.delete(name)
    return others
  }

  #competing({ name, claims }: Asker): readonly Claim[] {
    const isFree = (claim: Claim): boolean =>
      claim.forbidden === undefined && this.#takenBy(name, claim) === undefined
    return claims.every(isFree) ? claims : claims.filter(isFree)
  }

  #whyDenied(name: ServiceName, claim: Claim): WhyDenied | undefined {
    if (claim.forbidden !== undefined) return claim.forbidden
    const taken = this.#takenBy(name, claim)
    if (taken !== undefined) return taken
    const winner = this.#ranking.first(claim.key)
    if (winner === undefined || winner.name === name) return undefined
    const ofPort = claim.kind === 'node-port' && winner.kindAt(claim.key) === 'node-port'
    return { kind: ofPort ? 'node-port' : 'contested', winner: winner.name }
  }

  /** Returns what of the claim the API server gave to another Service, and to which. */
  #takenBy(name: ServiceName, claim: Claim): TakenBy | undefined {
    for (const each of allocationsAgainst(claim)) {
      const owner = this.#allocated.first(each)
      if (owner !== undefined && owner.name !== name) {
        return { kind: kindOf(each), winner: owner.name }
      }
    }
    return undefined
  }
}

const NOBODY: ReadonlySet<ServiceName> = new Set()

interface TakenBy {
  readonly kind: AllocatedKind
  readonly winner: ServiceName
}

function compete(asker: Asker, competing: readonly Claim[], round: Round): void {
  for (const { key } of asker.competing) round.leave(key, asker)
  for (const { key } of competing) round.enter(key, asker)
  asker.competing = competing
}

/** Notes who was first at each key before a change of a ranking, to compare afterwards. */
class Round {
  readonly #ranking: Ranking<Tuple>
  /** Undefined while no Service had any of the keys, as is usual when a Service is new. */
  #firsts: Map<Tuple, ServiceName> | undefined

  constructor(ranking: Ranking<Tuple>) {
    this.#ranking = ranking
  }

  enter(key: Tuple, asker: Asker): void {
    this.#note(key, this.#ranking.enter(key, asker))
  }

  leave(key: Tuple, asker: Asker): void {
    this.#note(key, this.#ranking.leave(key, asker))
  }

  /** Returns the keys that a Service had and that now belong to another Service, or to none. */
  moves(): readonly Move[] {
    const found: Move[] = []
    for (const [key, from] of this.#firsts ?? []) {
      const to = this.#ranking.first(key)?.name
      if (to !== from) found.push({ key, from, to })
    }
    return found
  }

  #note(key: Tuple, first: Asker | undefined): void {
    if (first === undefined || this.#firsts?.has(key)) return
    this.#firsts ??= new Map()
    this.#firsts.set(key, first.name)
  }
}

/** A key that went from one Service to another. */
interface Move {
  readonly key: Tuple
  readonly from: ServiceName
  readonly to: ServiceName | undefined
}

/** Returns what would defeat a claim of the Service if the API server gave it to another. */
function rivalled(asker: Asker | undefined): readonly Allocation[] {
  const found: Allocation[] = []
  for (const claim of asker?.claims ?? []) found.push(...allocationsAgainst(claim))
  return found
}
