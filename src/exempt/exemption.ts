import type { Owner } from '../frontend/label-text.ts'

/** A Service that the kernel refused; it stays as the kernel has it. */
export interface Refusal {
  /** The owner of the operations; `Renderer.nameOf` gives the name to print. */
  readonly service: Owner
  /** The first operation that was refused, as the backend prints it, and why. */
  readonly reason: string
}

/** Why a Service stays as the kernel has it, whatever its objects say. */
export type Exemption =
  | { readonly reason: 'refused'; readonly refusal: Refusal }
  | { readonly reason: 'unreadable' }

export const UNREADABLE: Exemption = { reason: 'unreadable' }
