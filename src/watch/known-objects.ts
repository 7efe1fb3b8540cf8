import type { Resource } from './resources.ts'

/** Which objects of each kind are known, readable or not, and which kinds have been listed whole. */
export class KnownObjects {
  readonly #keys: Map<Resource, Set<string>> = new Map()
  readonly #listed: Set<Resource> = new Set()

  add(resource: Resource, key: string): void {
    const keys = this.#keys.get(resource) ?? new Set()
    this.#keys.set(resource, keys.add(key))
  }

  remove(resource: Resource, key: string): void {
    this.#keys.get(resource)?.delete(key)
  }

  /** Returns the keys of all objects of a kind. */
  keysOf(resource: Resource): ReadonlySet<string> {
    return this.#keys.get(resource) ?? new Set()
  }

  /** Notes that a kind has been listed whole; returns the keys of the objects that are gone. */
  listed(resource: Resource, names: ReadonlySet<string>): readonly string[] {
    this.#listed.add(resource)
    return [...this.keysOf(resource)].filter((key) => !names.has(key))
  }

  /** Returns whether every one of these kinds has been listed whole. */
  isComplete(resources: readonly Resource[]): boolean {
    return resources.every((resource) => this.#listed.has(resource))
  }
}
