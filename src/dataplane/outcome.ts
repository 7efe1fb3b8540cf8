import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { withRemedy } from '../apply/no-descriptors.ts'

/** Nothing was changed, or not everything; the next attempt reads the kernel again. */
export interface Failed {
  readonly kind: 'failed'
  readonly reason: string
  /** What was refused and why, one line each. */
  readonly details: readonly string[]
}

/** Returns a failure with its reason. */
export function failed(reason: string, details: readonly string[] = []): Failed {
  return { kind: 'failed', reason, details }
}

/**
 * Returns whether an exception is a refusal by the kernel, of netlink or of another system call.
 */
export function isOfKernel(error: unknown): error is Error {
  return error instanceof NetlinkError || (error instanceof Error && 'syscall' in error)
}

/** Returns in words why a call to the kernel ended with an exception. */
export function kernelReason(error: unknown): string {
  if (!isOfKernel(error)) return `unexpected: ${error}`
  const isForbidden = error instanceof NetlinkError && error.code === 'EPERM'
  return isForbidden ? 'the capability CAP_NET_ADMIN is missing' : withRemedy(error.message)
}

/**
 * Runs the task; a NetlinkError, as from a socket that breaks or gets no answer, becomes a failed
 * outcome. Other errors reject.
 */
export async function orFailed<Outcome>(task: () => Promise<Outcome>): Promise<Outcome | Failed> {
  try {
    return await task()
  } catch (error) {
    if (error instanceof NetlinkError) return failed(kernelReason(error))
    throw error
  }
}
