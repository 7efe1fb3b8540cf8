import { type Failed, failed, isOfKernel, kernelReason } from '../outcome.ts'
import { KernelResponder } from './kernel-responder.ts'
import type { Programmed } from './responder.ts'

/** Ends what a node announces, also what an earlier process began, and leaves nothing behind. */
export async function removeAnnouncing(): Promise<Programmed | Failed> {
  const responder = new KernelResponder({ ownership: 'none' })
  try {
    return await responder.remove()
  } catch (error) {
    if (!isOfKernel(error)) throw error
    return failed(kernelReason(error))
  } finally {
    await responder.close()
  }
}
