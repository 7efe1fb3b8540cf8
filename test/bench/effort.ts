import type { Size } from './cluster.ts'

/** How much of each part is measured. */
export interface BenchEffort {
  /** Compared with `nft -f`. */
  readonly sizes: readonly Size[]
  readonly loads: number
  readonly changes: number
  /** Numbers of endpoints in use when first packets are measured, in turns. */
  readonly counts: readonly number[]
  readonly reading: { readonly services: number; readonly turns: number }
  readonly big: { readonly endpoints: readonly number[]; readonly turns: number }
  readonly large: { readonly sizes: readonly Size[]; readonly turns: number }
  readonly programTurns: number
}

const QUICK_SIZES: readonly Size[] = [
  { services: 1_000, endpoints: 2, dualStack: false, external: true },
  { services: 1_000, endpoints: 2, dualStack: true, external: true },
  { services: 10_000, endpoints: 2, dualStack: false, external: true },
  { services: 10_000, endpoints: 2, dualStack: true, external: true },
  // The size that kube-proxy's figures are about.
  { services: 10_000, endpoints: 2, dualStack: false, external: false },
]

const FULL_SIZES: readonly Size[] = [
  ...QUICK_SIZES,
  { services: 30_000, endpoints: 2, dualStack: false, external: true },
  { services: 30_000, endpoints: 2, dualStack: true, external: true },
  { services: 5_000, endpoints: 50, dualStack: false, external: true },
  { services: 5_000, endpoints: 50, dualStack: true, external: true },
]

const FULL: BenchEffort = {
  sizes: FULL_SIZES,
  loads: 7,
  changes: 100,
  counts: repeated([1, 10, 100], 3),
  reading: { services: 10_000, turns: 5 },
  big: { endpoints: [2, 1_000, 20_000], turns: 3 },
  large: {
    sizes: [
      { services: 5_000, endpoints: 50, dualStack: false, external: false },
      { services: 30_000, endpoints: 2, dualStack: false, external: false },
    ],
    turns: 3,
  },
  programTurns: 7,
}

/** For a machine that is busy. */
const QUICK: BenchEffort = {
  ...FULL,
  sizes: QUICK_SIZES,
  reading: { services: 1_000, turns: 5 },
}

/** Three minutes at most, to notice what got much slower. */
const SHORT: BenchEffort = {
  sizes: [
    { services: 1_000, endpoints: 2, dualStack: false, external: true },
    { services: 10_000, endpoints: 2, dualStack: false, external: true },
  ],
  loads: 1,
  changes: 20,
  counts: [1, 64],
  reading: { services: 1_000, turns: 3 },
  big: { endpoints: [2, 1_000], turns: 1 },
  large: {
    sizes: [{ services: 2_000, endpoints: 50, dualStack: false, external: false }],
    turns: 1,
  },
  programTurns: 3,
}

/** As the command line asks. */
export function effortOf(args: readonly string[]): BenchEffort {
  if (args.includes('--short')) return SHORT
  return args.includes('--quick') ? QUICK : FULL
}

function repeated(counts: readonly number[], times: number): readonly number[] {
  return Array.from({ length: times }, () => counts).flat()
}
