export const REMEDY = 'no file descriptors are left; raise the limit of open files'

/**
 * Returns whether a system call failed because the process or the machine had no descriptors left.
 */
export function lacksDescriptors(reason: string): boolean {
  return /\b(EMFILE|ENFILE)\b/.test(reason)
}

/** Returns the reason of a failed system call, with a remedy if no descriptors were left. */
export function withRemedy(reason: string): string {
  return lacksDescriptors(reason) ? `${reason}: ${REMEDY}` : reason
}
