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

export interface Cost {
  /** From the start of the process to its end. */
  readonly ms: number
  /** Processor time of all its threads, in milliseconds: it says more than `ms` on a busy machine. */
  readonly cpuMs: number
}

/** The shell tells what its child used, in seconds. */
const TIMED = 'TIMEFORMAT="%R %U %S"; { time "$@" >/dev/null 2>&1; } 2>&1'

/** Runs a program in it to its end; throws if it fails. */
export async function costInside(name: string, command: readonly string[]): Promise<Cost> {
  const [file, ...enter] = inside(name)
  const { stdout } = await execa(file, [...enter, 'bash', '-ec', TIMED, 'bash', ...command])
  const [real = Number.NaN, user = Number.NaN, system = Number.NaN] = stdout.split(' ').map(Number)
  return { ms: real * 1000, cpuMs: (user + system) * 1000 }
}
