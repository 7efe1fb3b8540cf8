import { Lab } from './lab.ts'

/** A few labs that tests take in turns; each is built when it is first needed. */
export class LabPool {
  readonly #size: number
  readonly #labs = new Set<Lab>()
  readonly #free: Lab[] = []
  readonly #queue: (() => void)[] = []
  #inUse = 0

  constructor(size: number) {
    this.#size = size
  }

  /**
   * Runs a task in a lab that no other task uses meanwhile. A failed task takes its lab with it.
   */
  async use(task: (lab: Lab) => Promise<void>): Promise<void> {
    await this.#turn()
    try {
      const lab = this.#free.pop() ?? (await this.#build())
      try {
        await task(lab)
        this.#free.push(lab)
      } catch (error) {
        this.#labs.delete(lab)
        await lab.remove()
        throw error
      }
    } finally {
      this.#inUse--
      this.#queue.shift()?.()
    }
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#labs].map((lab) => lab.remove()))
  }

  async #turn(): Promise<void> {
    if (this.#inUse >= this.#size) {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve)
      })
    }
    this.#inUse++
  }

  async #build(): Promise<Lab> {
    const lab = await Lab.build()
    this.#labs.add(lab)
    return lab
  }
}
