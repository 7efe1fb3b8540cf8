import { count } from '../print-plan.ts'
import type { KernelComparison } from './answer.ts'
import { type ExplainLook, printExplanation } from './print.ts'

/** Returns whether the kernel here does with a packet what the files say. */
export function printKernel(
  { explanation, operations, same }: KernelComparison,
  look: ExplainLook,
): string {
  if (operations === 0) return '\nThe kernel here holds these rules.\n'
  const differs = `\nThe kernel here differs from the files by ${count(operations, 'operation')}`
  if (same) return `${differs}, but not in what becomes of this packet.\n`
  return `${differs}, and does otherwise with this packet:\n\n${printExplanation(explanation, look)}`
}
