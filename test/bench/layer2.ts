// npm run bench:layer2 -- [--services N,N] [--runs N] [--backend nftables|iptables|ipvs] [--only EVENT,EVENT]:
// what a client misses when nodes of a LAN fail, as a table for each number of Services; `--only all` leaves out how
// fast an announced address answers and what many agents cost. Each line is an event, such as `drained`, with what
// became of the questions and connections that began after it. `--only handovers` tells for how long two nodes answer. ipvs runs in an emulated machine, where losses count
// and times do not.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import type { LanReport } from '../support/lan-client.ts'
import { tellAnswers } from './layer2-answers.ts'
import {
  cutReport,
  EMULATED,
  EVENTS,
  QUICK,
  type Subject,
  settled,
  subjectOf,
} from './layer2-events.ts'
import { tellFleet } from './layer2-fleet.ts'
import { tellHandovers } from './layer2-handovers.ts'
import { answersTable } from './layer2-table.ts'

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1,30' },
    runs: { type: 'string', default: '10' },
    only: { type: 'string' },
    backend: { type: 'string', default: 'nftables' },
    /** This is the emulated machine. */
    emulated: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)

function isChosen({ name }: (typeof EVENTS)[number]): boolean {
  const { only = 'all', emulated } = values
  if (only !== 'all') return only.split(',').includes(name)
  // An emulated machine needs minutes until an agent that is gone is gone for good.
  return !emulated || name !== 'killedForGood'
}

/** Tells how long it took, so that it can be seen how it goes. */
function tell(what: string, began: number): void {
  console.error(`${what}: ${((performance.now() - began) / 1_000).toFixed(0)} s`)
}

/** Measures all that was chosen. Each run begins when all is well again. */
async function measure(subject: Subject): Promise<ReadonlyMap<string, readonly LanReport[]>> {
  const seen = new Map<string, Promise<LanReport>[]>()
  for (const event of EVENTS.filter(isChosen)) {
    const began = performance.now()
    for (let run = 0; run < runs; run++) {
      await settled(subject)
      await cutReport(subject)
      for (const [name, { report }] of Object.entries(await event(subject)))
        seen.set(name, [...(seen.get(name) ?? []), report])
    }
    tell(`${event.name}, ${runs} runs`, began)
  }
  const judged = [...seen].map(async ([name, all]) => [name, await Promise.all(all)] as const)
  return new Map(await Promise.all(judged))
}

/** Few kernels of machines that build software have ipvs. */
async function measureInGuest(): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const bench = ['node_modules/.bin/tsx', 'test/bench/layer2.ts', '--emulated']
  const args = ['qemu', ...bench, ...process.argv.slice(2)]
  const guest = await execa('test/vm/guest/run.sh', args, {
    ...{ cwd: root, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit', reject: false },
  })
  return guest.exitCode ?? 1
}

if (values.backend === 'ipvs' && !values.emulated) process.exit(await measureInGuest())
if (values.emulated) await execa('modprobe', ['-a', 'bridge', 'veth', 'ip_vs', 'nft_fwd_netdev'])
if (values.only === undefined && !values.emulated) {
  await tellAnswers()
  await tellFleet(30)
}
for (const services of values.services.split(',').map(Number)) {
  if (values.only === 'handovers') {
    await tellHandovers(services, runs, values.backend)
    continue
  }
  const pace = values.emulated ? EMULATED : QUICK
  const began = performance.now()
  const subject = await subjectOf(services, values.backend, pace)
  tell(`a LAN with ${services} Services`, began)
  try {
    const table = answersTable(await measure(subject))
    const place = values.emulated ? ', emulated' : ''
    console.log(`\n${values.backend}, Services: ${services}, runs: ${runs}${place}\n\n${table}`)
  } finally {
    await subject.lan.remove()
  }
}
process.exit(0)
