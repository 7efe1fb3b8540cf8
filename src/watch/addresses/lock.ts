import { closeSync, openSync } from 'node:fs'
import koffi from 'koffi'

/** <sys/file.h>. */
const LOCK_EX = 2
const LOCK_NB = 4
/** <asm-generic/errno-base.h>. */
const EAGAIN = 11

interface Lock {
  readonly kind: 'locked'
  readonly release: () => void
}

/**
 * Takes a lock on a file, which is made if it is missing; the kernel releases it when the process
 * ends, however it ends (flock(2)). Returns `taken` if another process has it. Throws if the file
 * cannot be opened. A file system without locks counts as locked.
 */
export function lockFile(path: string): Lock | { readonly kind: 'taken' } {
  // Node.js is linked with libc, so its own symbols suffice.
  const flock = koffi.load(null).func('int flock(int, int)')
  const descriptor = openSync(path, 'a', 0o600)
  if (flock(descriptor, LOCK_EX | LOCK_NB) !== 0 && koffi.errno() === EAGAIN) {
    closeSync(descriptor)
    return { kind: 'taken' }
  }
  return { kind: 'locked', release: () => closeSync(descriptor) }
}
