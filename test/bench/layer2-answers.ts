import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'
import { short } from './statistics.ts'

const asker = fileURLToPath(new URL('lan-latency.ts', import.meta.url))
const QUESTIONS = 20_000
/** An address of the node itself, which the kernel answers for without nodelb, and an announced one. */
const PAIRS = [
  { family: 'IPv4', own: '192.0.2.1', announced: lanAddress(0) },
  { family: 'IPv6', own: '2001:db8:1::1', announced: lanAddress(0, 'ipv6') },
] as const

interface Answers {
  readonly lost: number
  /** By address. */
  readonly took: readonly Quantiles[]
}

/**
 * Prints how long an answer for an announced address takes beside one for an address of the node, and
 * what the agent has to do for it.
 */
export async function tellAnswers(): Promise<void> {
  const lan = await RealLan.build({ nodes: ['n1'], services: 1 })
  try {
    const agent = await lan.start('n1')
    await lan.announces('n1', ({ addresses }) =>
      addresses.every(({ here }) => here.some(({ state }) => state === 'answers')),
    )
    console.log(`\n${HEAD.join('\n')}`)
    for (const { family, own, announced } of PAIRS) {
      const before = cpuMs(agent.pid)
      const began = performance.now()
      const { lost, took } = await ask(lan, QUESTIONS, [own, announced])
      const [busy, lasted] = [cpuMs(agent.pid) - before, performance.now() - began]
      const idle = await idleMs(agent.pid, lasted)
      console.log(row(family, took, [lost, busy, idle]))
    }
  } finally {
    await lan.remove()
  }
}

const HEAD = [
  `| ${QUESTIONS} questions | own address, p50 / p99 µs | announced, p50 / p99 µs | ratio | lost | CPU of the agent meanwhile, ms | in as long without questions, ms |`,
  '|---|---|---|---|---|---|---|',
]

function row(
  family: string,
  [own = NOTHING, announced = NOTHING]: readonly Quantiles[],
  [lost, busy, idle]: readonly [number, number, number],
): string {
  const of = ({ half, most }: Quantiles): string => `${short(half)} / ${short(most)}`
  const ratio = `${short(announced.half / own.half)} / ${short(announced.most / own.most)}`
  return `| ${[family, of(own), of(announced), ratio, lost, short(busy), short(idle)].join(' | ')} |`
}

/** Microseconds. */
interface Quantiles {
  readonly half: number
  readonly most: number
}

const NOTHING: Quantiles = { half: Number.NaN, most: Number.NaN }

async function ask(lan: RealLan, count: number, addresses: readonly string[]): Promise<Answers> {
  const index = (await lan.ip('client', '-o', 'link', 'show', 'eth0')).split(':')[0] ?? ''
  const args = [lan.mac('client'), index, String(count), ...addresses]
  return JSON.parse(await lan.run('client', [process.execPath, '--import', 'tsx', asker, ...args]))
}

/** What the agent needs anyway: beats, renewals. */
async function idleMs(pid: number, during: number): Promise<number> {
  const before = cpuMs(pid)
  await pause(during)
  return cpuMs(pid) - before
}

/** What all threads of a process used: the first number is nanoseconds (Documentation/scheduler/sched-stats). */
export function cpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).reduce((sum, task) => {
    const [nanoseconds = ''] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')
    return sum + Number(nanoseconds) / 1_000_000
  }, 0)
}
