import koffi from 'koffi'

/** Returns 1 if memory was given back, else 0; `keep` bytes stay at the end of the heap. */
type Trim = (keep: number) => number

let loaded: Trim | 'missing' | undefined

/** malloc_trim(3) is of glibc; other C libraries do not have it. */
function trim(): Trim | 'missing' {
  if (loaded !== undefined) return loaded
  try {
    loaded = koffi.load(null).func('int malloc_trim(size_t)') as unknown as Trim
  } catch {
    loaded = 'missing'
  }
  return loaded
}

/**
 * Gives the kernel back what this process has freed outside the heap of V8: buffers of what was read
 * and sent. glibc keeps such memory for itself where anything behind it is still in use. Takes about a
 * millisecond, and does nothing with another C library.
 */
export function returnSpareMemory(): void {
  const found = trim()
  if (found !== 'missing') found(0)
}
