import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** uml: up in a second, without nftables; qemu: slow, and has everything. See run.sh. */
export type GuestKernel = 'uml' | 'qemu'

export interface Ran {
  /** 125 when the guest stopped before the command did. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const script = fileURLToPath(new URL('run.sh', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Runs a command as root in a kernel of its own, which sees this machine's files and goes when this
 * process does. Only below `writable`, a folder of this machine, does anything stay that it writes.
 */
export async function runInGuest(
  kernel: GuestKernel,
  command: readonly string[],
  writable: string,
): Promise<Ran> {
  const guest = execa(script, [kernel, '--writable', writable, ...command], {
    cwd: root,
    env: environment(),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  })
  // A worker of vitest outlives vitest while it waits for something.
  const end = (): void => void guest.kill('SIGKILL')
  process.once('disconnect', end)
  const { exitCode, stdout, stderr } = await guest
  process.off('disconnect', end)
  return { exitCode: exitCode ?? 125, stdout, stderr }
}

/** Without what vitest tells its workers: another vitest would take it for its own. */
function environment(): NodeJS.ProcessEnv {
  const all = Object.entries(process.env)
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('VITEST')))
}
