import { readdirSync, readFileSync } from 'node:fs'
import type { BinaryOutput } from '../../src/cli/output.ts'

/** A folder of behaviours: each is a file of objects, `name.yaml`, and other files of that name. */
export interface Behaviours {
  readonly files: readonly string[]
  readonly names: readonly string[]
  /** Returns the first line of the objects, which says what is right. */
  sentence(name: string): string
}

export function behavioursIn(folder: string): Behaviours {
  const files = readdirSync(folder).sort()
  const names = files
    .filter((file) => /^[^.]+\.yaml$/.test(file))
    .map((file) => file.replace('.yaml', ''))
  return {
    files,
    names,
    sentence(name) {
      const [first = ''] = readFileSync(`${folder}${name}.yaml`, 'utf8').split('\n')
      return first.replace(/^# /, '')
    },
  }
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly said: readonly string[]
}

/** Runs a command and returns what it prints, with names of files as they are in the folder. */
export async function ran(
  folder: string,
  command: (output: BinaryOutput) => Promise<number>,
): Promise<Ran> {
  let out = ''
  const said: string[] = []
  const code = await command({
    out: (text) => {
      out += text.replaceAll(folder, '')
    },
    say: (line) => said.push(line.replaceAll(folder, '')),
    bytes: () => undefined,
    colour: false,
  })
  return { code, out, said }
}
