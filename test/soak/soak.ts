// Churn and disturbances without pause, against a running agent: `npm run soak -- --minutes 2
// --seed 1,2,3 [--source api|folder]`. Each seed has the minutes, halved between the sources where
// none is named. CONTRIBUTING.md says how to read what it prints.
import { parseArgs } from 'node:util'
import { sendPackets, settle, straysLeft } from './checks.ts'
import { Random } from './random.ts'
import { type FailureKind, Report, tellSteps } from './report.ts'
import { SOURCES, type SourceName, type Steps, schedule } from './schedule.ts'
import { World } from './world.ts'

/** So many say enough. */
const MOST_FAILURES = 5
const LOG_LINES = 60
const MOST_LINES = 80

interface Run {
  readonly seed: number
  readonly source: SourceName
  readonly minutes: number
}

function runs(): readonly Run[] {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      source: { type: 'string' },
    },
  })
  const sources = SOURCES.filter((each) => values.source === undefined || each === values.source)
  const seeds = values.seed.split(',').map(Number)
  const minutes = Number(values.minutes)
  if (sources.length === 0 || !(minutes > 0) || !seeds.every(Number.isInteger)) {
    throw new Error('usage: npm run soak -- --minutes N --seed S[,S…] [--source api|folder]')
  }
  return seeds.flatMap((seed) =>
    sources.map((source) => ({ seed, source, minutes: minutes / sources.length })),
  )
}

/** Plays rounds until the time is over; false: something was wrong, which has been said. */
async function soak({ seed, source, minutes }: Run): Promise<boolean> {
  const report = new Report(seed, source)
  let round = 0
  let steps: Steps = []
  const fail = (kind: FailureKind, what: string): void => {
    report.failure(kind)
    console.log(`\n${kind}: ${firstLines(what)}`)
    console.log(`seed ${seed}, ${source}, round ${round}, in which:\n${tellSteps(steps)}`)
    console.log(`the agent's last words:\n${world?.logTail(LOG_LINES)}`)
    console.log(`again: npm run soak -- --minutes ${minutes} --seed ${seed} --source ${source}\n`)
  }
  let world: World | undefined
  world = await World.build(source, {
    died: (how) => fail('death', `the agent ended (${how}), and nothing here ended it`),
    moment: (what) => fail('moment without rules', what),
  })
  try {
    const random = new Random(seed)
    const end = Date.now() + minutes * 60_000
    for (const each of schedule(seed, source)) {
      if (Date.now() >= end || report.failed >= MOST_FAILURES) break
      steps = each.steps
      round = report.round(each)
      const before = report.failed
      await world.act(steps)
      const settled = await settle(world)
      if (settled.kind === 'diverged') fail('divergence', settled.reason)
      if (settled.kind === 'settled') {
        const strays = await straysLeft(world, settled.files)
        if (strays.length > 0) fail('stale flows', strays.join('\n'))
        const { connections, wrong } = await sendPackets(world, settled.files, random)
        report.settled(settled.ms, connections)
        if (wrong.length > 0) fail('packets', wrong.join('\n'))
      }
      // What went wrong is not to go wrong again in each round that follows.
      if (report.failed > before) await world.restart()
    }
    console.log(report.summary(world))
  } finally {
    await world.close()
  }
  return report.failed === 0
}

/** A difference of all rules fills many screens. */
function firstLines(text: string): string {
  const lines = text.split('\n')
  const more = lines.length - MOST_LINES
  return more > 0 ? [...lines.slice(0, MOST_LINES), `… ${more} more lines`].join('\n') : text
}

const outcomes: boolean[] = []
for (const run of runs()) outcomes.push(await soak(run))
const passed = outcomes.filter((good) => good).length
console.log(`\n${passed} passed, ${outcomes.length - passed} failed`)
process.exitCode = passed === outcomes.length ? 0 : 1
