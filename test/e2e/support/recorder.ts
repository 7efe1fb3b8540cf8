import { Waiting } from '../../support/waiting.ts'

/** Keeps what it is told, in order, so that a test can wait for what is to come. */
export class Recorder<Item> {
  readonly items: Item[] = []
  readonly #news = new Waiting()

  readonly add: (item: Item) => void = (item) => {
    this.items.push(item)
    this.#news.wake()
  }

  /** The first item, from position `after` on, for which `is` holds. */
  find(is: (item: Item) => boolean, after = 0): Promise<Item> {
    let at = after
    return this.#news.until(() => {
      while (at < this.items.length) {
        const item = this.items[at++]
        if (item !== undefined && is(item)) return item
      }
      return undefined
    })
  }
}
