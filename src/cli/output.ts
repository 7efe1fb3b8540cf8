/** The output of a command. */
export interface Output {
  out(text: string): void
  /** Writes one line for people, on standard error. */
  say(line: string): void
  readonly colour: boolean
  /** How many characters fit in a line; undefined where standard output is no terminal. */
  readonly columns?: number | undefined
}
