// npm run bench:bgp -- [--runs N] [--only change|stages|many|EVENT]: how long one address more takes to the router beside
// vtysh and frr-reload, where the time goes, what a thousand take, and what a client misses when something happens to
// one of three nodes that a router spreads its connections over. Each line is an event, such as `drained`.
import { parseArgs } from 'node:util'
import { tellChanges } from './bgp-change.ts'
import { type BgpEvent, bgpEvents, eventFabric } from './bgp-events.ts'
import { tellMany } from './bgp-many.ts'
import { tellStages } from './bgp-stages.ts'
import { median, short } from './statistics.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, only: { type: 'string' } },
})
const runs = Number(values.runs)
const isAsked = (name: string): boolean => values.only === undefined || values.only === name

const HEAD = [
  '| event | time, median ms | worst ms | new connections lost | longest without an answer, ms | lost beside that path |',
  '|---|---|---|---|---|---|',
]

async function tellEvents(events: readonly BgpEvent[]): Promise<void> {
  const fabric = await eventFabric()
  console.log(`\n${HEAD.join('\n')}`)
  try {
    for (const event of events) {
      const seen = []
      for (let run = 0; run < runs; run++) {
        await fabric.report()
        const times = await event.happens(fabric)
        seen.push({ times, report: await fabric.report() })
        await event.ends?.(fabric)
      }
      for (const row of rows(event, seen)) console.log(row)
    }
  } finally {
    await fabric.remove()
  }
}

type Seen = {
  readonly times: Readonly<Record<string, number>>
  readonly report: Awaited<ReturnType<Awaited<ReturnType<typeof eventFabric>>['report']>>
}

/** One for each time that was taken; the connections of all are in the first. */
function rows({ title }: BgpEvent, seen: readonly Seen[]): readonly string[] {
  const sum = (of: (each: Seen) => number): number =>
    seen.reduce((total, each) => total + of(each), 0)
  const connected = [
    `${sum(({ report }) => report.lost)} of ${sum(({ report }) => report.connections)}`,
    short(Math.max(...seen.map(({ report }) => report.outage))),
    `${sum(({ report }) => report.control.lost)} of ${sum(({ report }) => report.control.connections)}`,
  ]
  const names = Object.keys(seen[0]?.times ?? {})
  const timed = names.map((name) => {
    const all = seen.map(({ times }) => times[name] ?? Number.NaN)
    return [`${title}: ${name}`, short(median(all)), short(Math.max(...all))]
  })
  const [first = [title, '', ''], ...others] = timed
  return [[...first, ...connected], ...others.map((each) => [...each, '', '', ''])].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
}

if (isAsked('change')) await tellChanges(runs)
if (isAsked('stages')) await tellStages(runs)
if (isAsked('many')) await tellMany(runs)
const events = bgpEvents.filter(({ name }) => isAsked(name))
if (events.length > 0) await tellEvents(events)
process.exit(0)
