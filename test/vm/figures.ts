/** Milliseconds. */
export async function time(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

/** Prints a line of two times and their ratio. */
export function row(what: string, ours: number, theirs: number): void {
  const ratio = (ours / theirs).toFixed(2)
  console.log(`${what}: ${ours.toFixed(1)} ms, ${theirs.toFixed(1)} ms, ratio ${ratio}`)
}
