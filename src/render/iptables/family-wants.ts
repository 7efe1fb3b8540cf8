import type { TableFamily } from '../../model/family.ts'
import type { FrontendId } from '../../model/frontend-id.ts'
import { SHARED_KINDS, type SharedKind, type Want } from './emit.ts'
import { type Front, sameFront } from './front.ts'
import { SharedWants } from './shared-wants.ts'
import { noTouched, type Touched } from './touched.ts'

/** A frontend that changed: what its chains were made of, and what they are made of now. */
export interface FrontStep {
  readonly family: TableFamily
  readonly id: FrontendId
  readonly before: Front | undefined
  readonly after: Front | undefined
}

/** What all Services together want of the chains of a family, with a record of what changed. */
export class FamilyWants implements Readonly<Record<SharedKind, SharedWants>> {
  readonly clusterIps: SharedWants = new SharedWants()
  readonly pods: SharedWants = new SharedWants()
  readonly healthChecks: SharedWants = new SharedWants()
  readonly #family: TableFamily
  readonly #fronts: Map<FrontendId, Front> = new Map()
  /** The fronts before the first touch since `takeChanges`; undefined where there was none. */
  readonly #before: Map<FrontendId, Front | undefined> = new Map()

  constructor(family: TableFamily) {
    this.#family = family
  }

  get fronts(): ReadonlyMap<FrontendId, Front> {
    return this.#fronts
  }

  put(want: Want): void {
    if (want.kind !== 'front') this[want.kind].put(want)
    else this.#replace(want.key, want.front)
  }

  drop(want: Want): void {
    if (want.kind !== 'front') this[want.kind].drop(want)
    // Another Service may have taken over the frontend first.
    else if (this.#fronts.get(want.key) === want.front) this.#replace(want.key, undefined)
  }

  /** Returns what changed since the last call, without what changed back. */
  takeChanges(): { readonly touched: Touched; readonly fronts: readonly FrontStep[] } {
    const touched = noTouched()
    for (const kind of SHARED_KINDS) {
      for (const key of this[kind].takeChanged()) touched[kind].add(key)
    }
    const fronts: FrontStep[] = []
    for (const [id, before] of this.#before) {
      const after = this.#fronts.get(id)
      if (sameFront(before, after)) continue
      touched.fronts.add(id)
      fronts.push({ family: this.#family, id, before, after })
    }
    this.#before.clear()
    return { touched, fronts }
  }

  #replace(id: FrontendId, front: Front | undefined): void {
    if (!this.#before.has(id)) this.#before.set(id, this.#fronts.get(id))
    if (front === undefined) this.#fronts.delete(id)
    else this.#fronts.set(id, front)
  }
}
