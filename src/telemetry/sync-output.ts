import { writeSync } from 'node:fs'

/** The most bytes that wait for a slow reader. */
const ROOM = 1024 * 1024
const RETRY_MS = 100
const DRAIN_RETRY_MS = 5

/**
 * Writes lines synchronously, so that nothing is lost when the process ends; never throws. Lines
 * that a full pipe does not take wait and are tried again; on a full disk (ENOSPC) or a closed pipe
 * (EPIPE) lines are dropped and counted. A line is written whole or not at all.
 */
export class SyncOutput {
  readonly #fd: number
  readonly #room: number
  readonly #waiting: Buffer[] = []
  #size = 0
  /** Whether the first waiting line is written in part, so that the rest must follow. */
  #begun = false
  #lost = 0
  #timer: NodeJS.Timeout | undefined

  constructor(fd: number, room: number = ROOM) {
    this.#fd = fd
    this.#room = room
  }

  /** The number of lines dropped since the start. */
  get lost(): number {
    return this.#lost
  }

  /** Writes a line, or keeps it until the descriptor takes it; drops it if too much waits. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#size + bytes.length > this.#room) {
      this.#lost++
    } else {
      this.#waiting.push(bytes)
      this.#size += bytes.length
    }
    this.flush()
  }

  /** Writes the waiting lines, as far as the descriptor takes them. */
  flush(): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const written = tryWrite(this.#fd, head)
      if (written === 'full' || written === 'broken') {
        if (written === 'full') this.#retryLater()
        else this.#giveUp()
        return
      }
      this.#size -= written
      this.#begun = written < head.length
      if (this.#begun) this.#waiting[0] = head.subarray(written)
      else this.#waiting.shift()
    }
  }

  /**
   * Blocks until no line waits, at most for `withinMs` milliseconds. It is for the end of the
   * process, after which nothing is written.
   */
  drain(withinMs: number): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4))
    const deadline = performance.now() + withinMs
    for (;;) {
      this.flush()
      if (this.#waiting.length === 0 || performance.now() >= deadline) return
      Atomics.wait(sleeper, 0, 0, DRAIN_RETRY_MS)
    }
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, RETRY_MS).unref()
  }

  #giveUp(): void {
    const kept = this.#begun ? 1 : 0
    this.#lost += this.#waiting.length - kept
    this.#waiting.length = kept
    this.#size = this.#waiting[0]?.length ?? 0
  }
}

function tryWrite(fd: number, bytes: Buffer): number | 'full' | 'broken' {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'full' : 'broken'
  }
}
