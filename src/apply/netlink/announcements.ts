import type { Reply } from './message.ts'

/** Who hears what the kernel announces to the joined groups. */
export class Announcements {
  readonly #listeners: Set<(reply: Reply) => void> = new Set()

  /** Returns how to stop. */
  listen(listener: (reply: Reply) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A listener that throws has a bug of its own; the others go on. */
  announce(reply: Reply): void {
    for (const listener of this.#listeners) {
      try {
        listener(reply)
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error))
      }
    }
  }

  end(): void {
    this.#listeners.clear()
  }
}
