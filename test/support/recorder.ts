import { Waiting } from './waiting.ts'

/** Keeps what it is told, in order, so that a test can wait for what is to come. */
export class Recorder<Item> {
  readonly items: Item[] = []
  readonly #news = new Waiting()

  readonly add: (item: Item) => void = (item) => {
    this.items.push(item)
    this.#news.wake()
  }

  /** Resolves with the first item, from position `after` on, for which `is` holds, now or later. */
  find(is: (item: Item) => boolean, after = 0): Promise<Item> {
    return this.#news.until(() => this.items.slice(after).find(is))
  }
}
