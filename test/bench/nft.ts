import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { kernelMemory, memoryOf } from './memory.ts'
import type { Answers, BenchBackend, Timed } from './protocol.ts'

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

/** Plain `iptables-restore` of a text that is there already. */
export async function runRestoreFile(
  file: string,
  backend: BenchBackend,
): Promise<Answers['restoreFile']> {
  const before = kernelMemory()
  const input = readFileSync(file, 'utf8')
  let peakMb = 0
  const { ms } = await runProgram(`${backend}-restore`, ['--noflush'], input, (pid) => {
    peakMb = Math.max(peakMb, memoryOf(pid, 'VmHWM'))
  })
  return { ms, peakMb, kernelMb: kernelMemory() - before }
}

export function runNft(
  args: readonly string[],
  input = '',
  look?: (pid: number) => void,
): Promise<Timed> {
  return runProgram('nft', args, input, look)
}

/** One call, from its start to its end, as a controller would make it. */
function runProgram(
  program: string,
  args: readonly string[],
  input: string,
  look?: (pid: number) => void,
): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const begin = performance.now()
    const child = spawn(program, [...args], { stdio: ['pipe', 'inherit', 'pipe'] })
    const watch = look && setInterval(() => child.pid && look(child.pid), LOOK_INTERVAL)
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      if (code === 0) resolve({ ms: performance.now() - begin })
      else reject(new Error(`${program} ${args.join(' ')}: ${said.slice(0, 1000)}`))
    })
    // It may end without reading.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
