import { fileURLToPath } from 'node:url'
import type { Sources } from '../../src/cli/arguments.ts'
import { applyCommand } from '../../src/cli/commands.ts'
import { diffCommand } from '../../src/cli/diff.ts'

export interface Said {
  readonly code: number
  /** Standard output. */
  readonly out: string
  /** Standard error, by line. */
  readonly lines: readonly string[]
}

type Command = (sources: Sources, output: Parameters<typeof diffCommand>[1]) => Promise<number>

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))

/** The sources that name these fixtures' inputs, for node-a with scope all. */
export function fixtureSources(names: readonly string[], format: Sources['format']): Sources {
  return {
    files: [
      `${fixtures}cluster-ip/node.yaml`,
      ...names.map((name) => `${fixtures}${name}/input.yaml`),
    ],
    node: 'node-a',
    config: `${fixtures}cluster-ip-unallocated-address/config.yaml`,
    scope: 'all',
    backend: undefined,
    format,
  }
}

/** Runs a command in this process, and so in this network. */
export async function run(command: Command, sources: Sources): Promise<Said> {
  let out = ''
  const lines: string[] = []
  const code = await command(sources, {
    out: (text) => {
      out += text
    },
    say: (line) => lines.push(line),
    colour: false,
  })
  return { code, out, lines }
}

export const diff = (sources: Sources): Promise<Said> => run(diffCommand, sources)

/** The number of operations that were needed. */
export async function apply(sources: Sources): Promise<number> {
  const { code, out, lines } = await run(applyCommand, { ...sources, format: 'json' })
  if (code !== 0) throw new Error(lines.join('\n'))
  return (JSON.parse(out) as { operations: number }).operations
}
