export const REMEDY = 'no file descriptors are left; raise the limit of open files'

/** Whether a system call failed for want of descriptors: of the process, or of the whole machine. */
export function lacksDescriptors(reason: string): boolean {
  return /\b(EMFILE|ENFILE)\b/.test(reason)
}

/** The reason of a failed system call; where no descriptors were left for it, with what helps. */
export function withRemedy(reason: string): string {
  return lacksDescriptors(reason) ? `${reason}: ${REMEDY}` : reason
}
