import { writeSync } from 'node:fs'

/** Bytes that may wait for a reader that is slow. */
const ROOM = 1024 * 1024
const RETRY_MS = 100
const DRAIN_RETRY_MS = 5

/**
 * Writes lines at once, so that nothing is lost when the process ends; never throws. What a full
 * pipe does not take waits and is tried again; on a full disk (ENOSPC) or a closed pipe (EPIPE)
 * lines are given up and counted. A line is written whole or not at all.
 */
export class SyncOutput {
  readonly #fd: number
  readonly #room: number
  readonly #waiting: Buffer[] = []
  #size = 0
  /** The first of those waiting has been written in part: the rest must follow. */
  #begun = false
  #lost = 0
  #timer: NodeJS.Timeout | undefined

  constructor(fd: number, room: number = ROOM) {
    this.#fd = fd
    this.#room = room
  }

  /** Lines given up since the start. */
  get lost(): number {
    return this.#lost
  }

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

  /** Writes what waits, as far as the descriptor takes it. */
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

  /** Blocks until nothing waits, or for `withinMs`: the process ends, and nobody writes later. */
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
