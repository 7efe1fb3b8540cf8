import { parseArgs } from 'node:util'

/** One soak of a seed, of so many steps. */
export interface StepsRun {
  readonly seed: number
  readonly steps: number
}

/** Returns the soaks that the command line asks for: `--steps N --seed S[,S…]`. */
function stepsRuns(script: string, usual: number): readonly StepsRun[] {
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

/**
 * Runs the soaks that the command line asks for one after the other, says how many found nothing wrong, and
 * ends the process: a soak that did not settle may leave something that waits.
 */
export async function runSoaks(
  script: string,
  usual: number,
  soak: (run: StepsRun) => Promise<boolean>,
): Promise<never> {
  const outcomes: boolean[] = []
  for (const run of stepsRuns(script, usual)) outcomes.push(await soak(run))
  const passed = outcomes.filter((good) => good).length
  console.log(`\n${passed} passed, ${outcomes.length - passed} failed`)
  process.exit(passed === outcomes.length ? 0 : 1)
}
