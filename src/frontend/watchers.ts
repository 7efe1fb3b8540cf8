import type { ServiceName } from '../model/service-name.ts'

/** The Services that have an interest in each key. */
export class Watchers<Key> {
  // Nearly every key has one; a set for each would take more memory than all keys.
  readonly #names: Map<Key, ServiceName | Set<ServiceName>> = new Map()

  /** Replaces the keys of a Service; a key may be named twice. */
  replace(name: ServiceName, before: readonly Key[], after: readonly Key[]): void {
    for (const key of before) this.#remove(key, name)
    for (const key of after) this.#add(key, name)
  }

  has(key: Key): boolean {
    return this.#names.has(key)
  }

  /** Returns the Services that have an interest in the key. */
  of(key: Key): Iterable<ServiceName> {
    const found = this.#names.get(key)
    if (found === undefined) return []
    return typeof found === 'string' ? [found] : found
  }

  #add(key: Key, name: ServiceName): void {
    const found = this.#names.get(key)
    if (found === undefined) this.#names.set(key, name)
    else if (typeof found !== 'string') found.add(name)
    else if (found !== name) this.#names.set(key, new Set([found, name]))
  }

  #remove(key: Key, name: ServiceName): void {
    const found = this.#names.get(key)
    if (found === name) this.#names.delete(key)
    if (found === undefined || typeof found === 'string') return
    found.delete(name)
    if (found.size === 0) this.#names.delete(key)
  }
}
