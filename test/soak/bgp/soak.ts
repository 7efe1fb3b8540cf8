// FRR and the agent are killed at random moments while objects change, and after each round a router has to
// have what the objects demand: `npm run soak:bgp -- --steps 100 --seed 1,2`. CONTRIBUTING.md says more.
import { runSoaks, type StepsRun } from '../steps-runs.ts'
import { BgpSoakReport } from './report.ts'
import { type BgpStep, bgpSchedule } from './schedule.ts'
import { BgpWorld } from './world.ts'

/** All has to be right so many milliseconds after FRR and the agent are back. */
const SETTLED_MS = 2_000
/** What is not right by then is waited for so long, to tell what is late from what stays wrong. */
const PATIENCE_MS = 20_000
const LOG_LINES = 40

/** Plays rounds until there were so many steps; false: something was wrong, which has been said. */
async function soak({ seed, steps: most }: StepsRun): Promise<boolean> {
  const world = await BgpWorld.build()
  const report = new BgpSoakReport(seed)
  try {
    await world.start()
    await world.settled(PATIENCE_MS)
    for (const steps of bgpSchedule(seed)) {
      if (report.steps >= most) break
      const failures = await round(world, report, steps)
      if (failures.length === 0) continue
      report.failure()
      console.log(`\nseed ${seed}, after ${report.steps} steps:\n  ${failures.join('\n  ')}`)
      console.log(`in this round:\n${steps.map((step) => `  ${JSON.stringify(step)}`).join('\n')}`)
      console.log(world.transcript(LOG_LINES))
      console.log(`again: npm run soak:bgp -- --steps ${most} --seed ${seed}\n`)
    }
    console.log(report.summary())
  } finally {
    await world.remove()
  }
  return report.failed === 0
}

/** Plays the steps of one round, starts what is dead, and returns what was wrong then. */
async function round(
  world: BgpWorld,
  report: BgpSoakReport,
  steps: readonly BgpStep[],
): Promise<readonly string[]> {
  report.played(steps)
  const before = await world.counters()
  for (const step of steps) await world.act(step)
  await world.start()
  const began = performance.now()
  const wrong = await world.settled(PATIENCE_MS)
  if (wrong !== undefined) return [`after ${PATIENCE_MS} ms: ${wrong}`]
  const took = performance.now() - began
  report.settled(took)
  const failures: string[] = []
  if (took > SETTLED_MS) failures.push(`the router has all after ${Math.round(took)} ms only`)
  const difference = await world.difference()
  if (difference !== undefined) failures.push(`diff would change:\n${difference}`)
  const { dropped } = await world.counters()
  const isEngineKilled = steps.some(({ kind }) => kind === 'kill-engine')
  if (!isEngineKilled && dropped !== before.dropped) failures.push('the session was reset')
  return failures
}

await runSoaks('soak:bgp', 100, soak)
