import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { withRemedy } from '../apply/no-descriptors.ts'
import type { Owner } from '../frontend/label-text.ts'

/** A Service that the kernel did not take; it is left as the kernel has it. */
export interface Refusal {
  /** To be told by the name that `Renderer.nameOf` has for it. */
  readonly service: Owner
  /** The first thing that was refused, in the words of the backend, with why. */
  readonly reason: string
}

/** Nothing was changed, or not all; the next attempt reads again what is there. */
export interface Failed {
  readonly kind: 'failed'
  readonly reason: string
  /** What was refused and why, a line each. */
  readonly details: readonly string[]
}

export function failed(reason: string, details: readonly string[] = []): Failed {
  return { kind: 'failed', reason, details }
}

/** Whether an exception says what the kernel refused: of netlink, or of another system call. */
export function isOfKernel(error: unknown): error is Error {
  return error instanceof NetlinkError || (error instanceof Error && 'syscall' in error)
}

/** Why something that speaks to the kernel ended with an exception, in words. */
export function kernelReason(error: unknown): string {
  if (!isOfKernel(error)) return `unexpected: ${error}`
  const isForbidden = error instanceof NetlinkError && error.code === 'EPERM'
  return isForbidden ? 'the capability CAP_NET_ADMIN is missing' : withRemedy(error.message)
}
