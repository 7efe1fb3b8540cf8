import type { ServerResponse } from 'node:http'

/** As many browsers are told of changes at the same time. */
const MOST = 32
/** A line that says nothing goes so often, in milliseconds, so that forwarders keep the connection. */
const SILENCE_MS = 15_000

/** The browsers that are told when the page is another one, by server-sent events (HTML Standard, 9.2). */
export class Viewers {
  readonly #responses = new Set<ServerResponse>()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#write(':\n\n'), SILENCE_MS).unref()
  }

  get count(): number {
    return this.#responses.size
  }

  /** Takes a browser until it goes; returns false if there are as many as can be. `gone` is called when it goes. */
  take(response: ServerResponse, gone: () => void): boolean {
    if (this.#responses.size >= MOST) return false
    this.#responses.add(response)
    response.on('close', () => {
      this.#responses.delete(response)
      gone()
    })
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('retry: 2000\n\n')
    return true
  }

  /** Tells all that the page is another one. */
  changed(): void {
    this.#write('data: changed\n\n')
  }

  /** Ends all; those who wait for changes come back if the server does. */
  close(): void {
    clearInterval(this.#timer)
    for (const response of this.#responses) response.destroy()
  }

  /** A browser that does not read what it is told loses its connection, and reads all when it comes back. */
  #write(text: string): void {
    for (const response of this.#responses) {
      if (response.writableNeedDrain) response.destroy()
      else response.write(text)
    }
  }
}
