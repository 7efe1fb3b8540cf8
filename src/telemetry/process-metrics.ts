import { readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'

/**
 * Registers metrics of the process under their customary names. They are read only when scraped:
 * prom-client's own collector of event loop delays wakes the process a hundred times a second.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry]
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  }
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system time spent.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss())
  gauge('process_start_time_seconds', 'Start of the process, since 1970.', () =>
    Math.round(Date.now() / 1000 - process.uptime()),
  )
  gauge('process_open_fds', 'Open file descriptors.', openDescriptors)
  gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed)
  let before = performance.eventLoopUtilization()
  gauge('nodejs_eventloop_utilization_ratio', 'Share of time the event loop was busy.', () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  })
  registerLag(registers)
}

function registerLag(registers: Registry[]): void {
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How long the event loop took to come round when asked.',
    registers,
    async collect() {
      const asked = performance.now()
      await new Promise(setImmediate)
      this.set((performance.now() - asked) / 1000)
    },
  })
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return Number.NaN
  }
}
