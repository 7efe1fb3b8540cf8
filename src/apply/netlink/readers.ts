interface Reader {
  readonly isClosed: boolean
  close(): void
}

/** Sockets for answers, by the bytes that each of their datagrams takes. One opens when it is first needed. */
export class Readers<Socket extends Reader> {
  readonly #open: (bytes: number) => Socket
  readonly #opened: Map<number, Socket> = new Map()

  constructor(open: (bytes: number) => Socket) {
    this.#open = open
  }

  /** Returns the socket, a new one if it broke; throws NetlinkError where none can be opened. */
  of(bytes: number): Socket {
    const known = this.#opened.get(bytes)
    if (known?.isClosed === false) return known
    const opened = this.#open(bytes)
    this.#opened.set(bytes, opened)
    return opened
  }

  close(): void {
    for (const socket of this.#opened.values()) socket.close()
  }
}
