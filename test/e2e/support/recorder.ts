import { EventEmitter, once } from 'node:events'

/** Keeps what it is told, in order, so that a test can wait for what is to come. */
export class Recorder<Item> {
  readonly items: Item[] = []
  readonly #news = new EventEmitter()

  readonly add: (item: Item) => void = (item) => {
    this.items.push(item)
    this.#news.emit('item')
  }

  /** The first item, from position `after` on, for which `is` holds. */
  async find(is: (item: Item) => boolean, after = 0): Promise<Item> {
    for (let at = after; ; at++) {
      while (at >= this.items.length) await once(this.#news, 'item')
      const item = this.items[at]
      if (item !== undefined && is(item)) return item
    }
  }
}
