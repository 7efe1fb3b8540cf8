export const REMEDY = 'no file descriptors are left; raise the limit of open files'

/** The reason of a failed system call; where no descriptors were left for it, with what helps. */
export function withRemedy(reason: string): string {
  return /\b(EMFILE|ENFILE)\b/.test(reason) ? `${reason}: ${REMEDY}` : reason
}
