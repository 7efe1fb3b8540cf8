import type { Reply } from './message.ts'

/** The listeners to what the kernel announces to the joined groups. */
export class Announcements {
  readonly #listeners: Set<(reply: Reply) => void> = new Set()

  /** Adds a listener; returns a function that removes it. */
  listen(listener: (reply: Reply) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Calls every listener. One that throws has a bug of its own, which becomes a warning of the
   * process; the others are still called.
   */
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
