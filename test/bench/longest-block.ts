import koffi from 'koffi'

/** The longest time for which the event loop did not come round, in milliseconds. */
export interface LongestBlock {
  readonly ms: number
  /** The most processor time that the thread used in one go: other work on the machine does not show. */
  readonly cpuMs: number
}

/** Watches the event loop while a task goes on. */
export async function longestBlock(task: () => Promise<unknown>): Promise<LongestBlock> {
  const threadTime = threadClock()
  let [last, lastCpu, over] = [performance.now(), threadTime(), false]
  let longest: LongestBlock = { ms: 0, cpuMs: 0 }
  const round = (): void => {
    const [now, cpu] = [performance.now(), threadTime()]
    longest = {
      ms: Math.max(longest.ms, now - last),
      cpuMs: Math.max(longest.cpuMs, cpu - lastCpu),
    }
    last = now
    lastCpu = cpu
    if (!over) setImmediate(round)
  }
  setImmediate(round)
  try {
    await task()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    over = true
  }
  return longest
}

const CLOCK_THREAD_CPUTIME_ID = 3

/** Milliseconds; Node.js knows the time of all threads together only. */
function threadClock(): () => number {
  const time = koffi.load(null).func('int clock_gettime(int, void *)')
  const timespec = new BigInt64Array(2)
  return () => {
    time(CLOCK_THREAD_CPUTIME_ID, timespec)
    return Number(timespec[0]) * 1000 + Number(timespec[1]) / 1e6
  }
}
