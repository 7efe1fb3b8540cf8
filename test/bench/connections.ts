import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectionMeter } from '../../src/agent/connection-meter.ts'
import type { Session } from '../../src/dataplane/session.ts'
import type { Settings } from '../../src/model/node.ts'
import { connectionRoutes } from '../../src/report/connections.ts'
import type { Section } from './backends.ts'
import { node, settings as plain } from './cluster.ts'
import { udpCluster } from './first-packets.ts'
import { longestBlock } from './longest-block.ts'
import { connectSink, type Sender, sender } from './packets.ts'
import { type Answers, BACKENDS, type BenchBackend } from './protocol.ts'
import { startOn } from './start-on.ts'
import { median, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

const SERVICES = 10_000
/** To each Service, so that there are 100,000 flows. */
const FLOWS = 10
const CALLED = 100
const ROUNDS = 40
const SCRAPES = 7
const LISTINGS = 3
/** V8 tidies up after a scrape meanwhile. */
const PAUSE = 200

const CASES: readonly { readonly backend: BenchBackend; readonly metered: boolean }[] = [
  { backend: 'nftables', metered: false },
  ...BACKENDS.map((backend) => ({ backend, metered: true })),
]

/** What it costs to count the connections to each Service, and to tell of them. */
export async function measureConnections(progress: (what: string) => void): Promise<Section> {
  const rows: string[][] = []
  for (const about of CASES) {
    progress(`connections, ${about.backend}`)
    const worker = new Worker()
    const found = await worker.ask('connections', about)
    await worker.end()
    rows.push([
      `${about.backend}${about.metered ? '' : ', not counted'}`,
      short(found.firstNs / 1000),
      ...(about.metered ? scrapeCells(found) : []),
    ])
  }
  return {
    title: `Connections counted for each of ${SERVICES} Services`,
    body: table(
      [
        ...['backend', 'first packet µs', 'counters', 'text MB', 'scrape ms', 'CPU ms', 'block ms'],
        ...['tool ms', 'flows', 'conntrack -L ms', 'scrape to that'],
      ],
      rows,
    ),
    notes: [
      'Each Service has a ClusterIP, a NodePort and a load-balancer address. scrape: from the question to the',
      `text, with a reading of the counters; medians of ${SCRAPES}. CPU: of the agent, without iptables-save. block:`,
      'the longest time for which the event loop did nothing else. tool: what `nft list table ip nodelb` and',
      "`iptables-save -c -t nat` of the flavour take for all that they list, into nothing, as does conntrack's list.",
    ],
  }
}

function scrapeCells(found: Answers['connections']): readonly string[] {
  const { scrapes, counters, toolMs, flows, flowsMs } = found
  const of = (what: keyof (typeof scrapes)[number]) => median(scrapes.map((each) => each[what]))
  const costs = [of('bytes') / 1e6, of('ms'), of('cpuMs'), of('blockMs'), toolMs].map(short)
  return [String(counters), ...costs, String(flows), ...[flowsMs, of('ms') / flowsMs].map(short)]
}

/** In a child process. */
export async function connectionCosts(
  backend: BenchBackend,
  metered: boolean,
): Promise<Answers['connections']> {
  connectSink()
  const settings: Settings = { ...plain, meterServices: metered }
  const cluster = udpCluster({ services: SERVICES, endpoints: 2, dualStack: false, external: true })
  const started = await startOn(backend, { cluster, node, settings })
  if (started.kind !== 'started') throw new Error(started.outcome.reason)
  const { session } = started
  const step = SERVICES / CALLED
  const firstNs = firstPacket(sender(Array.from({ length: CALLED }, (_, at) => at * step)))
  makeFlows(sender(Array.from({ length: SERVICES }, (_, at) => at)))
  // Before the scrapes: the flows are not answered, so they end after half a minute.
  const flows = Number(execFileSync('conntrack', ['-C'], { encoding: 'utf8' }))
  const flowsMs = timeOf(['conntrack', '-L'])
  const scrapes: Scrape[] = []
  for (let turn = 0; metered && turn < SCRAPES; turn++) {
    await sleep(PAUSE)
    scrapes.push(await scrape(session, settings))
  }
  const counts = metered ? await session.connections() : undefined
  const counters = counts?.kind === 'counted' ? counts.counts.length : 0
  return { firstNs, counters, scrapes, toolMs: timeOf(TOOLS[backend]), flows, flowsMs }
}

function firstPacket(send: Sender): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const { fd, close } = send.open()
    const first = send.toAll(fd)
    close()
    return first
  })
  return (Math.min(...rounds) * 1e6) / CALLED
}

function makeFlows(send: Sender): void {
  for (let turn = 0; turn < FLOWS; turn++) {
    const { fd, close } = send.open()
    send.toAll(fd)
    close()
  }
}

const TOOLS: Readonly<Record<BenchBackend, readonly [string, ...string[]]>> = {
  nftables: ['nft', 'list', 'table', 'ip', 'nodelb'],
  'iptables-nft': ['iptables-nft-save', '-c', '-t', 'nat'],
  'iptables-legacy': ['iptables-legacy-save', '-c', '-t', 'nat'],
}

/** What a program takes to print all that it lists, in milliseconds; the median. */
function timeOf([file, ...args]: readonly [string, ...string[]]): number {
  const times = Array.from({ length: LISTINGS }, () => {
    const began = performance.now()
    execFileSync(file, args, { stdio: 'ignore' })
    return performance.now() - began
  })
  return median(times)
}

type Scrape = Answers['connections']['scrapes'][number]

async function scrape(session: Session, settings: Settings): Promise<Scrape> {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  const bytes = await scraped(session, settings)
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  await sleep(PAUSE)
  const { ms: blockMs } = await longestBlock(() => scraped(session, settings))
  return { ms, cpuMs: (user + system) / 1000, blockMs, bytes }
}

/** Returns the length of the answer. The meter is a new one, so that no earlier reading serves. */
async function scraped(session: Session, settings: Settings): Promise<number> {
  const meter = new ConnectionMeter(undefined, () => undefined)
  meter.follow(session, settings)
  const routes = connectionRoutes(() => meter.counted({ service: () => undefined }), 'text/plain')
  const answer = await routes.get('/metrics/services')?.()
  if (answer?.status !== 200) throw new Error(answer?.body)
  return answer.body.length
}
