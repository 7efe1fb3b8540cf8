/** A text that must not be seen: wherever it is printed, `***` stands in its place. */
export class SecretText {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Returns the text, for the program that needs it. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }
}

const HIDDEN = '***'
