import { present } from '../model/present.ts'
import { compareAge, type ServiceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Tuple } from '../model/tuple.ts'
import { type Claim, type ClaimKind, claimKinds } from './claims.ts'

/** A Service with its claims. There is one for each Service, however much it asks for. */
export class Asker {
  readonly name: ServiceName
  readonly service: ServiceObject
  readonly claims: readonly Claim[]
  /** The claims that compete: neither forbidden nor allocated to another Service. */
  competing: readonly Claim[] = []
  #kinds: ReadonlyMap<Tuple, ClaimKind> | undefined

  constructor(name: ServiceName, service: ServiceObject, claims: readonly Claim[]) {
    this.name = name
    this.service = service
    this.claims = claims
  }

  /** Returns the kind of the claim at the key. It is asked only where there are rivals. */
  kindAt(key: Tuple): ClaimKind | undefined {
    this.#kinds ??= new Map(this.claims.map((claim) => [claim.key, claim.kind]))
    return this.#kinds.get(key)
  }
}

/** Returns whether `a` goes before `b` at the key: by kind, then as `isOlder` says. */
export function outranks(a: Asker, b: Asker, key: Tuple): boolean {
  const [rankOfA, rankOfB] = [rankAt(a, key), rankAt(b, key)]
  return rankOfA === rankOfB ? isOlder(a, b) : rankOfA < rankOfB
}

function rankAt(asker: Asker, key: Tuple): number {
  return claimKinds.indexOf(present(asker.kindAt(key)))
}

/** Returns whether `a` is the older Service, or the one with the smaller name if both are as old. */
export function isOlder(a: Asker, b: Asker): boolean {
  const age = compareAge(a.service, b.service)
  return age === 0 ? a.name < b.name : age < 0
}
