import { setTimeout as pause } from 'node:timers/promises'
import type { LanReport } from '../support/lan-client.ts'
import { RealLan, type Watch } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'

const nodes = ['n1', 'n2', 'n3']

/** How long things take on the machine that is measured. */
export interface Pace {
  readonly layer2: object
  readonly members: object
  readonly watch: Watch
  /** What goes well is answered within so many milliseconds; what is lost is known later, and nothing waits for it. */
  readonly goesOnAfter: number
}

/** Half a second is longer than anything takes but a death. */
export const QUICK: Pace = {
  layer2: { hold: '8s' },
  members: {},
  watch: { answerWithin: 500, connectWithin: 300 },
  goesOnAfter: 2_000,
}

/** In an emulated machine slowness is to pass neither for a death nor for a loss. */
export const EMULATED: Pace = {
  layer2: { hold: '10m', settle: '2s' },
  members: { interval: '1s', timeout: '5s' },
  watch: { questions: 10, connections: 4, answerWithin: 5_000, connectWithin: 60_000 },
  goesOnAfter: 2_000,
}

/** A LAN, and who answers for what when all is well. */
export interface Subject {
  readonly lan: RealLan
  readonly addresses: readonly string[]
  readonly first: ReadonlyMap<string, string>
  readonly second: ReadonlyMap<string, string>
  /** The node that holds the most. */
  readonly busiest: string
  readonly goesOnAfter: number
}

/** What the client saw until it was asked, once all of it is judged. */
interface Judging {
  readonly report: Promise<LanReport>
}

/** What the client saw while something happened, by what that is; later ones follow from earlier ones. */
export type Phases = Readonly<Record<string, Judging>>

/** A node that took an address from a node that is back asks the wire before so many milliseconds have passed. */
const FOUND_AFTER = 4_000

/** What happens to a LAN, by the names of these functions. */
export const EVENTS: readonly ((subject: Subject) => Promise<Phases>)[] = [
  async function dies(subject) {
    const { lan, busiest } = subject
    await lan.cable(busiest, 'out')
    await lan.agent(busiest).end('SIGKILL')
    await moved(subject)
    const report = await cutReport(subject)
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
    const report = await cutReport(subject)
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
    const report = await cutReport(subject)
    await lan.carrier(busiest, 'up')
    return { 'cable out, agent alive': report, 'cable in again': await backAgain(subject) }
  },
  async function drained(subject) {
    const { lan, busiest } = subject
    lan.write([busiest])
    await moved(subject)
    const report = await cutReport(subject)
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
    const report = await cutReport(subject)
    await lan.start(busiest)
    return {
      'agent killed for good, its kernel answers until hold is over': report,
      'started again after that': await backAgain(subject),
    }
  },
  async function foundAgain(subject) {
    const { lan, busiest } = subject
    await lan.agent(busiest).end('SIGKILL')
    await lan.cable(busiest, 'out')
    await moved(subject)
    const report = await cutReport(subject)
    await lan.cable(busiest, 'in')
    // Its kernel answers again, and it has no agent that could end that.
    await pause(FOUND_AFTER)
    const found = await cutReport(subject)
    await lan.start(busiest)
    return {
      'agent killed and cut off behind the switch': report,
      'no longer cut off, its kernel answers again': found,
      'started again after being cut off': await backAgain(subject),
    }
  },
  async function frozen(subject) {
    const { lan, busiest } = subject
    lan.agent(busiest).kill('SIGSTOP')
    await suspected(subject)
    lan.agent(busiest).kill('SIGCONT')
    return { 'agent frozen until others take it for dead': await cutReport(subject) }
  },
  async function unheard(subject) {
    const { lan } = subject
    await lan.beats(nodes, false)
    await suspected(subject)
    await lan.beats(nodes, true)
    return { 'beats blocked between all nodes': await cutReport(subject) }
  },
]

/** Others have taken it for dead before it is started again. */
async function restarted(subject: Subject, signal: NodeJS.Signals): Promise<Judging> {
  const { lan, busiest } = subject
  await lan.agent(busiest).end(signal)
  await suspected(subject)
  await lan.start(busiest)
  await lan.announces(busiest)
  return cutReport(subject)
}

async function backAgain(subject: Subject): Promise<Judging> {
  await settled(subject)
  return cutReport(subject)
}

/** Begins another report, and goes on when the last one is judged, or all of it that goes well. */
export async function cutReport({ lan, goesOnAfter }: Subject): Promise<Judging> {
  const report = lan.report()
  await Promise.race([report, pause(goesOnAfter, undefined, { ref: false })])
  return { report }
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

/** Resolves when all is well. */
export async function settled({ lan, addresses, first }: Subject): Promise<void> {
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

/** Builds a LAN on which all is well. */
export async function subjectOf(
  services: number,
  backend: string,
  { layer2, members, watch, goesOnAfter }: Pace,
): Promise<Subject> {
  const configuration = { backend }
  const lan = await RealLan.build({ nodes, services, configuration, layer2, members })
  await Promise.all(nodes.map((name) => lan.start(name)))
  const count = Math.min(services, 30)
  const addresses = Array.from({ length: count }, (_, at) => [
    lanAddress(at),
    lanAddress(at, 'ipv6'),
  ]).flat()
  await lan.watch(addresses, { questions: Math.max(200, 10 * addresses.length), ...watch })
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
  return { lan, addresses, first, second: nth(1), busiest, goesOnAfter }
}
