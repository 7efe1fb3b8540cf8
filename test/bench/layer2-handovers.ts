import { setTimeout as pause } from 'node:timers/promises'
import { RealLan } from '../support/real-lan.ts'
import { percentile } from './statistics.ts'

// For how long two nodes answer in a handover: of each node that takes addresses over, one address is asked for so often
// that the questions with two answers tell.

const NODES = ['n1', 'n2', 'n3']
/** For each address, in a second. */
const QUESTIONS = 2_000
/** Two addresses that change hands together may do so a moment apart. */
const OVER_MS = 300

/** Who answers for each address that is asked for, by turns. */
interface Watched {
  readonly lan: RealLan
  /** The node that is drained: the one that has the most. */
  readonly giver: string
  readonly addresses: readonly string[]
  readonly first: readonly string[]
  readonly second: readonly string[]
}

/** Prints it for so many drains and returns of a node. */
export async function tellHandovers(
  services: number,
  runs: number,
  backend: string,
): Promise<void> {
  const watched = await watch(services, backend)
  const seen = { both: [] as number[], questions: 0, unanswered: 0, lost: 0, late: 0 }
  for (let run = 0; run < runs; run++) {
    for (const drained of [[watched.giver], []]) {
      const { report, both } = await handOver(watched, drained)
      seen.both.push(...both)
      seen.questions += report.questions
      seen.unanswered += report.unanswered
      seen.lost += report.lost
      seen.late = Math.max(seen.late, report.late)
    }
    await allSettled(watched.lan)
  }
  await watched.lan.remove()
  const { both } = seen
  const at = (share: number): string => percentile(both, share).toFixed(1)
  const times = `median ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)} ms`
  const rest = `not answered: ${seen.unanswered} of ${seen.questions}, lost: ${seen.lost}`
  console.log(`${backend}, Services: ${services}, ${both.length} handovers: both answer ${times}`)
  console.log(`${rest}; asked late by ${seen.late.toFixed(0)} ms at most`)
}

async function watch(services: number, backend: string): Promise<Watched> {
  const configuration = { backend }
  const lan = await RealLan.build({
    nodes: NODES,
    services,
    configuration,
    layer2: {},
    members: {},
  })
  await Promise.all(NODES.map((name) => lan.start(name)))
  await allSettled(lan)
  const { addresses: all } = await lan.announces(
    'n1',
    ({ members }) => members.length === 2 && members.every(({ settled }) => settled),
  )
  const held = (name: string) => all.filter(({ candidates }) => candidates[0] === name)
  const [giver = ''] = NODES.toSorted((a, b) => held(b).length - held(a).length)
  const found = NODES.flatMap((name) =>
    held(giver)
      .filter(({ candidates }) => candidates[1] === name)
      .slice(0, 1),
  )
  const nth = (n: number): readonly string[] => found.map(({ candidates }) => candidates[n] ?? '')
  const addresses = found.map(({ address }) => address)
  await lan.watch(addresses, { questions: QUESTIONS * addresses.length, connections: 20 })
  const watched = { lan, giver, addresses, first: nth(0), second: nth(1) }
  await until(watched, watched.first)
  await lan.report()
  return watched
}

async function allSettled(lan: RealLan): Promise<void> {
  for (const name of NODES) await lan.announces(name, ({ settled }) => settled)
}

async function until({ lan, addresses }: Watched, holders: readonly string[]): Promise<void> {
  await Promise.all(addresses.map((address, at) => lan.until(address, holders[at] ?? '')))
}

/** Drains these nodes and no others; returns for how long each address had two answers, in milliseconds. */
async function handOver(watched: Watched, drained: readonly string[]) {
  const { lan, addresses, first, second } = watched
  lan.write(drained)
  await until(watched, drained.length > 0 ? second : first)
  await pause(OVER_MS)
  const report = await lan.report()
  const both = addresses.map((each) =>
    report.overlaps
      .filter(({ address }) => address === each)
      .reduce((sum, { from, to }) => sum + to - from + 1_000 / QUESTIONS, 0),
  )
  return { report, both }
}
