/** Remembers which objects of one kind exist, their versions and which are ignored. */
export class SeenObjects {
  /** The latest resourceVersion of each object; empty for objects of files. */
  readonly #versions: Map<string, string> = new Map()
  /** The reason why each object was ignored when it was last readable. */
  readonly #ignored: Map<string, string> = new Map()

  /** Notes a version; returns whether it is new. An empty version always counts as new. */
  isNews(key: string, version: string): boolean {
    if (version !== '' && version === this.#versions.get(key)) return false
    this.#versions.set(key, version)
    return true
  }

  /** Notes that the object could be read; with a `reason`, that it is ignored. */
  wasRead(key: string, reason?: string): void {
    if (reason === undefined) this.#ignored.delete(key)
    else this.#ignored.set(key, reason)
  }

  isIgnored(key: string): boolean {
    return this.#ignored.has(key)
  }

  /** Forgets an object that was deleted. */
  forget(key: string): void {
    this.#versions.delete(key)
    this.#ignored.delete(key)
  }

  /** Returns the keys of the known objects that are not in `names`. */
  without(names: ReadonlySet<string>): readonly string[] {
    return [...this.#versions.keys()].filter((key) => !names.has(key))
  }

  /** Returns how many objects are ignored for this reason. */
  ignoredFor(reason: string): number {
    let count = 0
    for (const each of this.#ignored.values()) if (each === reason) count++
    return count
  }
}
