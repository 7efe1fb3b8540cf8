import type { ServiceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Tuple } from '../model/tuple.ts'
import {
  type AllocatedKind,
  allocatedTo,
  allocationsAgainst,
  type Claim,
  type Claimant,
} from './claims.ts'
import type { Denial, WhyDenied } from './denials.ts'
import { Ranking } from './ranking.ts'

/** What one Service asks for. */
interface Page {
  readonly service: ServiceObject
  readonly claimants: Partial<Record<Claimant['kind'], Claimant>>
  readonly claims: readonly Claim[]
  /** The claims that compete: neither forbidden nor allocated to another Service. */
  competing: readonly Claim[]
}

/**
 * Records which Service asks for which address, and which Service has it. The cost of a change
 * depends on the change alone, however many Services ask for the same.
 */
export class ClaimBook {
  readonly #pages: Map<ServiceName, Page> = new Map()
  readonly #ranking: Ranking = new Ranking()
  /** What the API server allocated to Services: whole addresses, and ports of the nodes. */
  readonly #allocated: Ranking = new Ranking()
  /** The Services that ask for what may be allocated to another Service. */
  readonly #watching: Ranking = new Ranking()
  /** The Services whose denials may differ from what `takeDenials` last returned. */
  readonly #untold: Set<ServiceName> = new Set()
  /** The Services that had denials when `takeDenials` last looked at them. */
  readonly #told: Set<ServiceName> = new Set()

  /** Replaces the claims of a Service; returns it and those whose won claims may have changed. */
  replace(
    name: ServiceName,
    service: ServiceObject | undefined,
    claims: readonly Claim[],
  ): ReadonlySet<ServiceName> {
    const before = this.#pages.get(name)
    const page = service && { service, claimants: {}, claims, competing: [] }
    const round = new Round(this.#ranking)
    const others = this.#allocate(name, before, page)
    this.#watch(name, before, page)
    if (before !== undefined) this.#compete(name, before, [], round)
    if (page === undefined) this.#pages.delete(name)
    else this.#pages.set(name, page)
    for (const each of [name, ...others]) {
      const found = this.#pages.get(each)
      if (found !== undefined) this.#compete(each, found, this.#competing(each, found), round)
      this.#untold.add(each)
    }
    for (const each of round.rivals()) this.#untold.add(each)
    return new Set([name, ...others, ...round.changed()])
  }

  /** Returns the claims that the Service has won. */
  won(name: ServiceName): readonly Claim[] {
    const competing = this.#pages.get(name)?.competing ?? []
    return competing.filter(({ key }) => this.#ranking.first(key)?.name === name)
  }

  /** Returns the claims that the Service does not get, in order of key. */
  denials(service: ServiceName): readonly Denial[] {
    const found: Denial[] = []
    for (const claim of this.#pages.get(service)?.claims ?? []) {
      const why = this.#whyDenied(service, claim)
      if (why !== undefined) found.push({ service, key: claim.key, why })
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Returns the denials of every Service, in order of name. */
  allDenials(): readonly Denial[] {
    return [...this.#pages.keys()].sort().flatMap((name) => this.denials(name))
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

  /** Returns the Services whose claims have to be looked at again. */
  #allocate(
    name: ServiceName,
    before: Page | undefined,
    after: Page | undefined,
  ): ReadonlySet<ServiceName> {
    const former = before ? allocatedTo(before.service) : new Map<Tuple, AllocatedKind>()
    const next = after ? allocatedTo(after.service) : new Map<Tuple, AllocatedKind>()
    const keys = new Set([...former.keys(), ...next.keys()])
    const owners = new Map([...keys].map((key) => [key, this.#allocated.first(key)?.name]))
    for (const [key, kind] of former)
      if (before) this.#allocated.leave(key, claimant(name, before, kind))
    for (const [key, kind] of next)
      if (after) this.#allocated.enter(key, claimant(name, after, kind))
    const others = new Set<ServiceName>()
    for (const [key, owner] of owners) {
      if (this.#allocated.first(key)?.name === owner) continue
      for (const watcher of this.#watching.all(key)) others.add(watcher.name)
    }
    others.delete(name)
    return others
  }

  #watch(name: ServiceName, before: Page | undefined, after: Page | undefined): void {
    for (const key of watched(before)) {
      if (before) this.#watching.leave(key, claimant(name, before, 'external-ip'))
    }
    for (const key of watched(after)) {
      if (after) this.#watching.enter(key, claimant(name, after, 'external-ip'))
    }
  }

  #competing(name: ServiceName, { claims }: Page): readonly Claim[] {
    const isFree = (claim: Claim): boolean =>
      claim.forbidden === undefined && this.#takenBy(name, claim) === undefined
    return claims.every(isFree) ? claims : claims.filter(isFree)
  }

  #compete(name: ServiceName, page: Page, competing: readonly Claim[], round: Round): void {
    if (competing === page.competing) return
    for (const { key, kind } of page.competing) round.leave(key, claimant(name, page, kind))
    for (const { key, kind } of competing) round.enter(key, claimant(name, page, kind))
    page.competing = competing
  }

  /** Returns the other Service to which the API server gave what is claimed here. */
  #takenBy(name: ServiceName, claim: Claim): Claimant | undefined {
    for (const key of allocationsAgainst(claim)) {
      const owner = this.#allocated.first(key)
      if (owner !== undefined && owner.name !== name) return owner
    }
    return undefined
  }

  #whyDenied(name: ServiceName, claim: Claim): WhyDenied | undefined {
    if (claim.forbidden !== undefined) return claim.forbidden
    const owner = this.#takenBy(name, claim)
    if (owner !== undefined) {
      const ofPort = owner.kind === 'node-port' || owner.kind === 'health-check'
      return { kind: ofPort ? owner.kind : 'cluster-ip', winner: owner.name }
    }
    const winner = this.#ranking.first(claim.key)?.name
    return winner === undefined || winner === name ? undefined : { kind: 'contested', winner }
  }
}

/** Notes who is first at each key before a change of the ranking, to compare afterwards. */
class Round {
  readonly #ranking: Ranking
  readonly #firsts: Map<Tuple, ServiceName | undefined> = new Map()

  constructor(ranking: Ranking) {
    this.#ranking = ranking
  }

  enter(key: Tuple, claimant: Claimant): void {
    this.#touch(key)
    this.#ranking.enter(key, claimant)
  }

  leave(key: Tuple, claimant: Claimant): void {
    this.#touch(key)
    this.#ranking.leave(key, claimant)
  }

  /** Yields the Services that won or lost a key. */
  *changed(): Iterable<ServiceName> {
    for (const [key, before] of this.#moved()) {
      if (before !== undefined) yield before
      const after = this.#ranking.first(key)?.name
      if (after !== undefined) yield after
    }
  }

  /** Yields all Services that ask for a key whose winner changed. */
  *rivals(): Iterable<ServiceName> {
    for (const [key] of this.#moved()) {
      for (const { name } of this.#ranking.all(key)) yield name
    }
  }

  #touch(key: Tuple): void {
    if (!this.#firsts.has(key)) this.#firsts.set(key, this.#ranking.first(key)?.name)
  }

  *#moved(): Iterable<readonly [Tuple, ServiceName | undefined]> {
    for (const entry of this.#firsts) {
      if (this.#ranking.first(entry[0])?.name !== entry[1]) yield entry
    }
  }
}

/** Returns one object for all claims of a kind: some hundred thousand claims refer to it. */
function claimant(
  name: ServiceName,
  { service, claimants }: Page,
  kind: Claimant['kind'],
): Claimant {
  const known = claimants[kind] ?? { service, name, kind }
  claimants[kind] = known
  return known
}

function watched(page: Page | undefined): ReadonlySet<Tuple> {
  return new Set(page?.claims.flatMap(allocationsAgainst))
}
