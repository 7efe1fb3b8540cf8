import { runProgram } from '../../src/cli/program/program.ts'

/** What a command line comes to. */
export interface Typed {
  readonly code: number
  /** Standard output. */
  readonly out: string
  /** Standard error, by line. */
  readonly said: readonly string[]
}

/** Where a command prints into nothing. */
export const SILENT = { out: (): void => undefined, say: (): void => undefined } as const

/** The version that the program has in tests. */
export const VERSION = '1.2.3'

/** Runs the program in this process, and so in this network, with these words behind its name. */
export function typed(...words: readonly string[]): Promise<Typed> {
  return typedAs('nodelb', words)
}

/** Runs the program under another name, or on a terminal. */
export async function typedAs(
  name: string,
  words: readonly string[],
  look: { readonly colour?: boolean; readonly columns?: number } = {},
): Promise<Typed> {
  const written: Buffer[] = []
  const said: string[] = []
  const code = await runProgram([name, ...words], VERSION, {
    out: (text) => written.push(Buffer.from(text)),
    bytes: (bytes) => written.push(Buffer.from(bytes)),
    say: (text) => said.push(...text.split('\n')),
    colour: look.colour ?? false,
    columns: look.columns,
  })
  return { code, out: Buffer.concat(written).toString(), said }
}
