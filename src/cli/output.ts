/** The output of a command. */
export interface Output {
  out(text: string): void
  /** Writes one line for people, on standard error. */
  say(line: string): void
  readonly colour: boolean
}
