import { type GuestKernel, runInGuest } from '../vm/guest/guest.ts'
import type { Section } from './backends.ts'

const PARTS: readonly (Omit<Section, 'body'> & {
  readonly kernel: GuestKernel
  readonly script: string
})[] = [
  {
    kernel: 'uml',
    script: 'test/vm/bench.ts',
    title: 'ipvs, committing and reading alone',
    notes: ['In user-mode Linux; medians. The programs read a text that is there already.'],
  },
  {
    kernel: 'qemu',
    script: 'test/vm/bench-session.ts',
    title: 'ipvs, a session: from objects in memory to all that is programmed',
    notes: ['In qemu, which emulates the processor: JavaScript suffers most. Medians.'],
  },
]

/** In guests, for few kernels of machines that build software have ipvs. */
export async function measureIpvs(
  folder: string,
  progress: (what: string) => void,
): Promise<readonly Section[]> {
  const sections: Section[] = []
  for (const { kernel, script, title, notes } of PARTS) {
    progress(`ipvs in ${kernel}`)
    const command = ['node_modules/.bin/tsx', script]
    const { exitCode, stdout, stderr } = await runInGuest(kernel, command, folder)
    if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}\n${stdout}\n${stderr}`)
    sections.push({ title, body: stdout, notes })
  }
  return sections
}
