/** The part of a long text that is being read: it grows at its end, and what was read is dropped. */
export class TextWindow {
  readonly #pieces: Iterator<string>
  #text = ''
  #isWhole = false

  constructor(pieces: Iterator<string>) {
    this.#pieces = pieces
  }

  get text(): string {
    return this.#text
  }

  /** Whether the text ends here. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Makes the text at least twice as long, so that what is longer than a piece is joined only a few times. */
  grow(): void {
    const texts = [this.#text]
    for (let length = 0; length <= this.#text.length; ) {
      const next = this.#pieces.next()
      if (next.done === true) {
        this.#isWhole = true
        break
      }
      length += next.value.length
      texts.push(next.value)
    }
    this.#text = texts.join('')
  }

  /** Adds all that is left. */
  growWhole(): void {
    while (!this.#isWhole) this.grow()
  }

  /** Drops what is before a position. */
  drop(to: number): void {
    this.#text = this.#text.slice(to)
  }
}
