import { execa } from 'execa'

/** A network namespace with nothing but its loopback. */
export async function addNamespace(name: string): Promise<void> {
  await execa('ip', ['netns', 'add', name])
  await execa('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
}

export async function removeNamespace(name: string): Promise<void> {
  await execa('ip', ['netns', 'delete', name])
}

export function inside(name: string): readonly [string, ...string[]] {
  return ['ip', 'netns', 'exec', name]
}

/** Runs a program in it to its end; milliseconds from its start to then. */
export async function timeInside(name: string, command: readonly string[]): Promise<number> {
  const [file, ...args] = [...inside(name), ...command]
  const began = performance.now()
  await execa(file ?? '', args)
  return performance.now() - began
}
