import { readFileSync } from 'node:fs'

/** A line of /proc/PID/status in MB; 0 when the process has ended. */
export function memoryOf(pid: number | 'self', line: 'VmHWM' | 'VmRSS'): number {
  try {
    return kilobytes(`/proc/${pid}/status`, line) / 1024
  } catch {
    return 0
  }
}

/** What the kernel holds in allocations of its own, in MB, of all namespaces together. */
export function kernelMemory(): number {
  return (kilobytes('/proc/meminfo', 'Slab') + kilobytes('/proc/meminfo', 'VmallocUsed')) / 1024
}

function kilobytes(file: string, line: string): number {
  const found = new RegExp(`^${line}:\\s*(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))
  return Number(found?.[1] ?? 0)
}
