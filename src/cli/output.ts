/** Where a command writes; the exit code is its result. */
export interface Output {
  out(text: string): void
  /** One line for people, on standard error. */
  say(line: string): void
  readonly colour: boolean
}
