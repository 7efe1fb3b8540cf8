// Runs inside a guest: `test/vm/guest/run.sh uml node_modules/.bin/tsx test/vm/bench.ts`. Prints
// how long loading, reading and one change take, next to what ipvsadm takes for the same.

import { execa } from 'execa'
import { commitIpvs } from '../../src/apply/ipvs/commit.ts'
import { readIpvs } from '../../src/apply/ipvs/read.ts'
import { openIpvsSockets } from '../../src/apply/ipvs/sockets.ts'
import type { IpvsOperation, IpvsPlan } from '../../src/plan/ipvs/operation.ts'

import { row, time } from './figures.ts'
import { destination, id, properties } from './uml/ipvs.ts'

const ROUNDS = 5
const CHANGES = 201
const DESTINATIONS = 3
const sockets = openIpvsSockets()

function plan(servers: number): IpvsPlan {
  return Array.from({ length: servers }, (_, i) => i).flatMap((i): readonly IpvsOperation[] => {
    const server = id(`10.96.${i >> 8}.${i & 255}`, 80)
    return [
      { kind: 'add-server', server, properties: properties() },
      ...pods(i).map((pod) => ({ kind: 'add-destination', server, destination: pod }) as const),
    ]
  })
}

function pods(server: number): ReturnType<typeof destination>[] {
  return Array.from({ length: DESTINATIONS }, (_, j) =>
    destination(`10.${244 + j}.${server >> 8}.${server & 255}`, 8080),
  )
}

/** Milliseconds of the middle one. */
async function median(
  prepare: () => Promise<unknown>,
  task: () => Promise<unknown>,
  rounds = ROUNDS,
): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await prepare()
    times.push(await time(task))
  }
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? 0
}

async function nothing(): Promise<void> {
  await execa('ipvsadm', ['-C'])
}

/** As the load before left it. */
async function full(): Promise<void> {}

async function loaded(operations: IpvsPlan): Promise<void> {
  await nothing()
  const { failures } = await commitIpvs(sockets, operations, () => false)
  if (failures.length > 0) throw new Error(JSON.stringify(failures[0]))
}

async function change(servers: number): Promise<number> {
  await loaded(plan(servers))
  const server = id('10.96.0.7', 80)
  const weights = [5, 6].map((weight) => destination('10.244.0.7', 8080, weight))
  const edits = weights.map((pod) => [{ kind: 'edit-destination', server, destination: pod }])
  let turn = 0
  return median(
    full,
    () => commitIpvs(sockets, (edits[turn++ & 1] ?? []) as IpvsPlan, () => false),
    CHANGES,
  )
}

await execa('modprobe', ['ip_vs_rr'])
const all = plan(5_000)
await loaded(all)
const { stdout: text } = await execa('ipvsadm', ['-Sn'])
const restore = () => execa('ipvsadm', ['-R'], { input: text })
const commit = () => commitIpvs(sockets, all, () => false)
console.log('nodelb, ipvsadm:')
row('load 5,000 x 3', await median(nothing, commit), await median(nothing, restore))
const read = () => readIpvs(sockets, 'kube-ipvs0')
const save = () => execa('ipvsadm', ['-Sn'])
row('read 5,000 x 3', await median(full, read), await median(full, save))
console.log('at 5,000, at 500:')
row('one change', await change(5_000), await change(500))
await nothing()
sockets.close()
