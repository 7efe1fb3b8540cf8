// Random faults on a LAN of real nodes: `npm run soak:layer2 -- --steps 200 --seed 1,2`. A client sees
// every answer to each of its questions. CONTRIBUTING.md says how to read what it prints.
import { runSoaks, type StepsRun } from '../steps-runs.ts'
import { judge } from './laws.ts'
import { LanSoakReport } from './report.ts'
import { type LanStep, lanSchedule } from './schedule.ts'
import { LanWorld } from './world.ts'

/** All has to be as it should again after so long: the kernels' `hold` is 15 s. */
const CALM_MS = 60_000
const LOG_LINES = 40

/** Plays rounds until there were so many steps; false: something was wrong, which has been said. */
async function soak({ seed, steps: most }: StepsRun): Promise<boolean> {
  const world = await LanWorld.build()
  const report = new LanSoakReport(seed)
  try {
    await world.calm()
    await world.report()
    for (const steps of lanSchedule(seed)) {
      if (report.steps >= most) break
      const failures = await round(world, report, steps)
      if (failures.length === 0) continue
      console.log(`\nseed ${seed}, after ${report.steps} steps:\n  ${failures.join('\n  ')}`)
      console.log(`in this round:\n${steps.map((step) => `  ${JSON.stringify(step)}`).join('\n')}`)
      console.log(await world.transcript(LOG_LINES))
      console.log(`again: npm run soak:layer2 -- --steps ${most} --seed ${seed}\n`)
      // What went wrong might go on in the rounds that follow.
      break
    }
    console.log(report.summary())
  } finally {
    await world.remove()
  }
  return report.failed === 0
}

/** Plays the steps of one round, has all be well again, and returns what was wrong. */
async function round(
  world: LanWorld,
  report: LanSoakReport,
  steps: readonly LanStep[],
): Promise<readonly string[]> {
  const failures: string[] = []
  const fail = (what: string): void => {
    report.failure()
    failures.push(what)
  }
  report.played(steps)
  for (const step of steps) await world.act(step)
  const began = performance.now()
  if (!(await isCalm(world))) {
    fail('not all addresses are with their owners')
    return failures
  }
  report.calmed(performance.now() - began)
  const trouble = await world.report()
  report.saw(trouble)
  for (const overlap of trouble.overlaps.map((each) => world.namesIn(each))) {
    if (overlap.macs.length < 2) continue
    const verdict = judge(overlap, world.evidence)
    if (verdict.kind === 'violation') fail(verdict.what)
    else report.judged(verdict)
  }
  const { questions, unanswered, doubles, losses, control } = await world.report()
  if (unanswered + doubles + losses.length > 0) {
    fail(
      `when all was well: ${unanswered} of ${questions} unanswered, ${doubles} with two answers, ` +
        `connections lost: ${JSON.stringify(losses)}, ${control.lost} beside the path that is watched`,
    )
  }
  return failures
}

async function isCalm(world: LanWorld): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), CALM_MS)
  })
  try {
    return await Promise.race([world.calm().then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

await runSoaks('soak:layer2', 200, soak)
