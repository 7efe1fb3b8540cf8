// npm run bench:layer2 -- [--services N,N] [--runs N] [--backend nftables|iptables] [--only EVENT]: how fast an
// announced address answers, what many agents cost, and what a client misses when nodes of a LAN fail. Each line
// is an event, such as `drained`, with what became of the questions and connections that began after it.
import { parseArgs } from 'node:util'
import type { LanReport } from '../support/lan-client.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'
import { tellAnswers } from './layer2-answers.ts'
import { tellFleet } from './layer2-fleet.ts'

const nodes = ['n1', 'n2', 'n3']
const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1,30' },
    runs: { type: 'string', default: '10' },
    only: { type: 'string' },
    backend: { type: 'string', default: 'nftables' },
  },
})

/** A LAN, and who answers for what when all is well. */
interface Subject {
  readonly lan: RealLan
  readonly addresses: readonly string[]
  readonly first: ReadonlyMap<string, string>
  readonly second: ReadonlyMap<string, string>
  /** The node that holds the most. */
  readonly busiest: string
}

/** What the client saw while something happened, by what that is; later ones follow from earlier ones. */
type Phases = Readonly<Record<string, LanReport>>

const events: readonly ((subject: Subject) => Promise<Phases>)[] = [
  async function dies(subject) {
    const { lan, busiest } = subject
    await lan.cable(busiest, 'out')
    await lan.agent(busiest).end('SIGKILL')
    await moved(subject)
    const report = await lan.report()
    // A machine that starts again has none.
    await lan.run(busiest, ['nft', 'delete table netdev nodelb-announce'])
    await lan.cable(busiest, 'in')
    await lan.start(busiest)
    return {
      'node dies (cable and agent)': report,
      'the node comes back': await backAgain(subject),
    }
  },
  async function cutOff(subject) {
    const { lan, busiest } = subject
    await lan.cable(busiest, 'out')
    await moved(subject)
    const report = await lan.report()
    await lan.cable(busiest, 'in')
    return {
      'cut off behind the switch, agent alive': report,
      'no longer cut off': await backAgain(subject),
    }
  },
  async function cableOut(subject) {
    const { lan, busiest } = subject
    await lan.carrier(busiest, 'down')
    await moved(subject)
    const report = await lan.report()
    await lan.carrier(busiest, 'up')
    return { 'cable out, agent alive': report, 'cable in again': await backAgain(subject) }
  },
  async function drained(subject) {
    const { lan, busiest } = subject
    lan.write([busiest])
    await moved(subject)
    const report = await lan.report()
    lan.write()
    return { 'drain by label': report, 'drained no longer': await backAgain(subject) }
  },
  async function killed(subject) {
    return { 'agent killed and started again': await restarted(subject, 'SIGKILL') }
  },
  async function upgraded(subject) {
    return { 'agent upgraded (SIGTERM)': await restarted(subject, 'SIGTERM') }
  },
  async function killedForGood(subject) {
    const { lan, busiest } = subject
    await lan.agent(busiest).end('SIGKILL')
    await moved(subject)
    const report = await lan.report()
    await lan.start(busiest)
    return {
      'agent killed for good, its kernel answers until hold is over': report,
      'started again after that': await backAgain(subject),
    }
  },
  async function frozen(subject) {
    const { lan, busiest } = subject
    lan.agent(busiest).kill('SIGSTOP')
    await suspected(subject)
    lan.agent(busiest).kill('SIGCONT')
    return { 'agent frozen until others take it for dead': await lan.report() }
  },
  async function unheard(subject) {
    const { lan } = subject
    await lan.beats(nodes, false)
    await suspected(subject)
    await lan.beats(nodes, true)
    return { 'beats blocked between all nodes': await lan.report() }
  },
]

/** Others have taken it for dead before it is started again. */
async function restarted(subject: Subject, signal: NodeJS.Signals): Promise<LanReport> {
  const { lan, busiest } = subject
  await lan.agent(busiest).end(signal)
  await suspected(subject)
  await lan.start(busiest)
  await lan.announces(busiest)
  return lan.report()
}

async function backAgain(subject: Subject): Promise<LanReport> {
  await settled(subject)
  return subject.lan.report()
}

/** Resolves when the next node answers for all that the busiest one had. */
async function moved({ lan, addresses, first, second, busiest }: Subject): Promise<void> {
  await Promise.all(
    addresses.map((each) => {
      const holder = first.get(each) ?? ''
      return lan.until(each, holder === busiest ? (second.get(each) ?? '') : holder)
    }),
  )
}

async function settled({ lan, addresses, first }: Subject): Promise<void> {
  for (const name of nodes) await lan.announces(name, ({ settled: is }) => is)
  await Promise.all(addresses.map((each) => lan.until(each, first.get(each) ?? '')))
}

/** Resolves when the next node takes the busiest one for dead, and hears that it still answers. */
async function suspected({ lan, addresses, first, second, busiest }: Subject): Promise<void> {
  const [address = ''] = addresses.filter((each) => first.get(each) === busiest)
  const mac = lan.mac(busiest)
  await lan.announces(second.get(address) ?? '', ({ addresses: all }) =>
    all.some(({ here }) => here.some((spot) => spot.mac === mac)),
  )
}

async function subjectOf(services: number): Promise<Subject> {
  const lan = await RealLan.build({
    nodes,
    services,
    configuration: { backend: values.backend },
  })
  await Promise.all(nodes.map((name) => lan.start(name)))
  const count = Math.min(services, 30)
  const addresses = Array.from({ length: count }, (_, at) => [
    lanAddress(at),
    lanAddress(at, 'ipv6'),
  ]).flat()
  const questions = Math.max(200, 10 * addresses.length)
  await lan.watch(addresses, { questions, connectWithin: 300 })
  for (const name of nodes) await lan.announces(name, ({ settled: is }) => is)
  const { addresses: all } = await lan.announces(
    'n1',
    ({ members }) => members.length === 2 && members.every((each) => each.settled),
  )
  const watched = all.filter(({ address }) => addresses.includes(address))
  const nth = (n: number): ReadonlyMap<string, string> =>
    new Map(watched.map(({ address, candidates }) => [address, candidates[n] ?? '']))
  const first = nth(0)
  const held = (name: string): number => [...first.values()].filter((each) => each === name).length
  const busiest = nodes.toSorted((a, b) => held(b) - held(a))[0] ?? ''
  return { lan, addresses, first, second: nth(1), busiest }
}

function row(name: string, reports: readonly LanReport[]): string {
  const numbers = (of: (report: LanReport) => number): readonly number[] =>
    reports.map(of).toSorted((a, b) => a - b)
  const silences = numbers(({ silence }) => silence)
  const sum = (of: (report: LanReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0)
  const cells = [
    name,
    `${Math.round(silences[Math.floor(silences.length / 2)] ?? 0)}`,
    `${Math.round(silences.at(-1) ?? 0)}`,
    `${sum(({ unanswered }) => unanswered)} of ${sum(({ questions }) => questions)}`,
    `${sum(({ lost }) => lost)} of ${sum(({ connections }) => connections)}`,
    `${sum(({ doubles }) => doubles)}`,
    `${Math.round(Math.max(...reports.map(({ doubleFor }) => doubleFor)))}`,
    `${sum(({ control }) => control.lost)} of ${sum(({ control }) => control.connections)}`,
    `${Math.round(Math.max(...reports.map(({ late }) => late)))}`,
  ]
  return `| ${cells.join(' | ')} |`
}

const HEAD = [
  '| event | longest silence, median ms | worst ms | unanswered | connections lost | two answers | for ms | control lost | asked late, ms |',
  '|---|---|---|---|---|---|---|---|---|',
]

/** Prints a row for each phase of an event, once it has been run as often as asked. */
async function measure(subject: Subject, event: (typeof events)[number]): Promise<void> {
  const reports = new Map<string, LanReport[]>()
  for (let run = 0; run < Number(values.runs); run++) {
    await settled(subject)
    await subject.lan.report()
    for (const [name, report] of Object.entries(await event(subject)))
      reports.set(name, [...(reports.get(name) ?? []), report])
  }
  for (const [name, all] of reports) console.log(row(name, all))
}

const chosen = events.filter(({ name }) => values.only === undefined || name === values.only)
if (values.only === undefined) {
  await tellAnswers()
  await tellFleet(30)
}
for (const services of values.services.split(',').map(Number)) {
  const subject = await subjectOf(services)
  console.log(
    `\n${values.backend}, ${services} Services of both families, ${values.runs} runs\n\n${HEAD.join('\n')}`,
  )
  try {
    for (const event of chosen) await measure(subject, event)
  } finally {
    await subject.lan.remove()
  }
}
process.exit(0)
