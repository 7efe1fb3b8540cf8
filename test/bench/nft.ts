import { spawn } from 'node:child_process'
import { kernelMemory, memoryOf } from './memory.ts'
import type { Answers, Timed } from './protocol.ts'

/** VmHWM only grows, so the last look before the end is close to the peak. */
const LOOK_INTERVAL = 3

/** Loads a file; also what nft needed of memory, and what the kernel kept. */
export async function runNftFile(file: string): Promise<Answers['nftFile']> {
  const before = kernelMemory()
  let peakMb = 0
  const { ms } = await runNft(['-f', file], '', (pid) => {
    peakMb = Math.max(peakMb, memoryOf(pid, 'VmHWM'))
  })
  return { ms, peakMb, kernelMb: kernelMemory() - before }
}

/** One call of nft, from its start to its end, as a controller would make it. */
export function runNft(
  args: readonly string[],
  input = '',
  look?: (pid: number) => void,
): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const begin = performance.now()
    const nft = spawn('nft', [...args], { stdio: ['pipe', 'inherit', 'pipe'] })
    const watch = look && setInterval(() => nft.pid && look(nft.pid), LOOK_INTERVAL)
    let said = ''
    nft.stderr.on('data', (chunk) => {
      said += chunk
    })
    nft.on('error', reject)
    nft.on('close', (code) => {
      clearInterval(watch)
      if (code === 0) resolve({ ms: performance.now() - begin })
      else reject(new Error(`nft ${args.join(' ')}: ${said.slice(0, 1000)}`))
    })
    // nft may end without reading.
    nft.stdin.on('error', () => undefined)
    nft.stdin.end(input)
  })
}
