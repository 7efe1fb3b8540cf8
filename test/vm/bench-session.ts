// Runs inside a guest: `test/vm/guest/run.sh qemu node_modules/.bin/tsx test/vm/bench-session.ts`.
// Prints how long a session takes from objects in memory to all that is programmed, and for one
// change, next to what ipvsadm, ip and nft take for a text that is there already.

import { execa } from 'execa'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { Dataplanes } from '../../src/dataplane/dataplanes.ts'
import type { Session } from '../../src/dataplane/session.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import { makeCluster, makeSlices, node, type Size, settings } from '../bench/cluster.ts'
import { median } from '../bench/statistics.ts'
import { row, time } from './figures.ts'

const ROUNDS = 3
const CHANGES = 51
const dataplanes = new Dataplanes({ sysctlFile: '/run/nodelb-bench/sysctls.json' })

function sizeOf(services: number): Size {
  return { services, endpoints: 3, dualStack: false, external: false }
}

function goalOf(services: number): Goal {
  const cluster = makeCluster(sizeOf(services))
  return {
    cluster,
    node,
    settings: { ...settings, backend: { kind: 'ipvs', ...defaultIpvsSettings } },
  }
}

async function begin(goal: Goal): Promise<Session> {
  const started = await dataplanes.start(goal, { watch: true })
  if (started.kind === 'failed') throw new Error(started.outcome.reason)
  return started.session
}

/** Milliseconds of each round, and the session that the last one leaves. */
async function loads(
  goal: Goal,
  rounds: number,
): Promise<{ readonly times: readonly number[]; readonly session: Session }> {
  const times: number[] = []
  for (;;) {
    const start = performance.now()
    const session = await begin(goal)
    times.push(performance.now() - start)
    if (times.length === rounds) return { times, session }
    await end(session)
  }
}

async function end(session: Session): Promise<void> {
  session.close()
  await dataplanes.remove()
}

/** What each program reads to make the same. */
type Texts = readonly (readonly [file: string, args: readonly string[], input: string])[]

async function texts(): Promise<Texts> {
  const { stdout: servers } = await execa('ipvsadm', ['-S', '-n'])
  const { stdout: table } = await execa('nft', ['list', 'ruleset'])
  const { stdout: listed } = await execa('ip', ['-o', 'address', 'show', 'dev', 'kube-ipvs0'])
  const addresses = [...listed.matchAll(/inet6? (\S+)/g)].map(
    ([, address]) => `address add ${address} dev kube-ipvs0`,
  )
  return [
    ['ipvsadm', ['-R'], servers],
    ['ip', ['-batch', '-'], ['link add kube-ipvs0 type dummy', ...addresses, ''].join('\n')],
    ['nft', ['-f', '-'], table],
  ]
}

/** Milliseconds of each program, by round. */
async function restores(programs: Texts): Promise<readonly (readonly number[])[]> {
  const rounds: number[][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const times: number[] = []
    for (const [file, args, input] of programs) {
      times.push(await time(() => execa(file, args, { input })))
    }
    rounds.push(times)
    await execa('ipvsadm', ['-C'])
    await execa('ip', ['link', 'delete', 'kube-ipvs0'])
    await execa('nft', ['flush', 'ruleset'])
  }
  return rounds
}

/** One pod takes another's place, from the changed object to committed. */
async function changes(session: Session, services: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let change = 0; change < CHANGES; change++) {
    const slices = makeSlices(sizeOf(services), (change * 7919) % services, 3, change)
    const task = async (): Promise<void> => {
      for (const slice of slices) session.renderer.setSlice(slice)
      const settled = await session.sync()
      if (settled.kind === 'failed' || settled.operations === 0) throw new Error('no change')
    }
    times.push(await time(task))
  }
  return times
}

const small = await loads(goalOf(500), 1)
const few = await changes(small.session, 500)
await end(small.session)
const large = await loads(goalOf(5_000), ROUNDS)
const many = await changes(large.session, 5_000)
const programs = await texts()
await end(large.session)
const plain = await restores(programs)
const whole = plain.map((times) => times.reduce((sum, each) => sum + each, 0))
const servers = plain.map(([ipvsadm = 0]) => ipvsadm)
console.log('nodelb from objects to all that is programmed, and the programs with a text of it:')
row('load 5,000 x 3, ipvsadm -R, ip -batch, nft -f', median(large.times), median(whole))
row('load 5,000 x 3, ipvsadm -R alone', median(large.times), median(servers))
console.log('at 5,000, at 500:')
row('one change', median(many), median(few))
await dataplanes.close()
