/** The output of a command. */
export interface Output {
  out(text: string): void
  /** Writes one line for people, on standard error. */
  say(line: string): void
  readonly colour: boolean
  /** How many characters fit in a line; undefined where standard output is no terminal. */
  readonly columns?: number | undefined
}

/** The output of a command that also writes what is no text. */
export interface BinaryOutput extends Output {
  bytes(bytes: Uint8Array): void
}
