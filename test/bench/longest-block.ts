/** Returns for how long, in milliseconds, the event loop did not come round while a task went on. */
export async function longestBlock(task: () => Promise<unknown>): Promise<number> {
  let [last, longest, over] = [performance.now(), 0, false]
  const round = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!over) setImmediate(round)
  }
  setImmediate(round)
  await task()
  await new Promise((resolve) => setImmediate(resolve))
  over = true
  return longest
}
