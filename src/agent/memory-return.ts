import { returnSpareMemory } from '../apply/machine/spare-memory.ts'

/** Milliseconds in which V8 has collected most of what a large piece of work left behind. */
const AFTER_MS = 10_000

/** Gives memory back some time after work that needed much of it. */
export class MemoryReturn {
  #timer: NodeJS.Timeout | undefined

  /** Asks for it; what was asked for before and has not been done yet is put off. */
  later(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(returnSpareMemory, AFTER_MS)
  }

  /** Ends the waiting, without giving back. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
