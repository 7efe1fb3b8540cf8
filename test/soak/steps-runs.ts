import { parseArgs } from 'node:util'

/** One soak of a seed, of so many steps. */
export interface StepsRun {
  readonly seed: number
  readonly steps: number
}

/** Returns the soaks that the command line asks for: `--steps N --seed S[,S…]`. */
export function stepsRuns(script: string, usual: number): readonly StepsRun[] {
  const { values } = parseArgs({
    options: {
      steps: { type: 'string', default: String(usual) },
      seed: { type: 'string', default: '1' },
    },
  })
  const [steps, seeds] = [Number(values.steps), values.seed.split(',').map(Number)]
  if (!(steps > 0) || !seeds.every(Number.isInteger)) {
    throw new Error(`usage: npm run ${script} -- --steps N --seed S[,S…]`)
  }
  return seeds.map((seed) => ({ seed, steps }))
}
