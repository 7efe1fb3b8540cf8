/** Remembers of the objects of one kind which are there, beside what they say. */
export class SeenObjects {
  /** The latest version of each; empty for those of files. */
  readonly #versions: Map<string, string> = new Map()
  /** Why an object was ignored when it was last readable. */
  readonly #ignored: Map<string, string> = new Map()

  /** Returns whether the object is another one than before; without a version it always may be. */
  isNews(key: string, version: string): boolean {
    if (version !== '' && version === this.#versions.get(key)) return false
    this.#versions.set(key, version)
    return true
  }

  /** The object could be read; with a `reason` it was ignored. */
  wasRead(key: string, reason?: string): void {
    if (reason === undefined) this.#ignored.delete(key)
    else this.#ignored.set(key, reason)
  }

  isIgnored(key: string): boolean {
    return this.#ignored.has(key)
  }

  forget(key: string): void {
    this.#versions.delete(key)
    this.#ignored.delete(key)
  }

  without(names: ReadonlySet<string>): readonly string[] {
    return [...this.#versions.keys()].filter((key) => !names.has(key))
  }

  /** Returns how many objects are ignored for the reason. */
  ignoredFor(reason: string): number {
    let count = 0
    for (const each of this.#ignored.values()) if (each === reason) count++
    return count
  }
}
