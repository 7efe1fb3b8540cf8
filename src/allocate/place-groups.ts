import type { Place } from './places.ts'

/** Places that nothing has told apart yet, by the number of their group. */
export class PlaceGroups {
  readonly #group: Map<Place, number> = new Map()
  #next = 1

  /** Tells these places apart from all others. */
  split(places: Iterable<Place>): void {
    const parts = new Map<number, number>()
    for (const place of places) {
      const former = this.of(place)
      const part = parts.get(former) ?? this.#next++
      parts.set(former, part)
      this.#group.set(place, part)
    }
  }

  of(place: Place): number {
    return this.#group.get(place) ?? 0
  }

  /** Returns the groups of these places, each with one of them. */
  among(places: Iterable<Place>): ReadonlyMap<number, Place> {
    return new Map(Array.from(places, (place) => [this.of(place), place]))
  }
}
