import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { BgpFabric } from '../support/bgp-fabric.ts'
import { nodeAddress } from '../support/bgp-fabric-files.ts'
import { bgpAddress } from '../support/bgp-objects.ts'
import type { FrrLab } from '../support/frr.ts'
import { timeOf } from '../support/running-program.ts'
import { eventFabric, NODES, SERVICES } from './bgp-events.ts'
import { median, short } from './statistics.ts'

/** The log of a bgpd with what it gets, decides and sends, and microseconds. */
const LOG = 'stages.log'
/** All has been written down so many milliseconds after it has happened. */
const WRITTEN_MS = 500

/** What the last of the nodes has come to; each stage follows from the one before. */
const STAGES = [
  'the agents begin to configure FRR',
  'their bgpd is told of the prefix',
  'they have sent it',
  'the router has all of them',
  'its bgpd tells zebra',
  'the route is in its kernel',
] as const

/** Prints how many milliseconds after a Service got its first endpoints which stage was reached. */
export async function tellStages(runs: number): Promise<void> {
  const fabric = await eventFabric()
  try {
    const frrs = NODES.map((name) => fabric.frr(name))
    for (const frr of frrs) await record(frr, 'debug bgp updates out')
    await record(fabric.router, 'debug bgp updates in', 'debug bgp zebra')
    const seen: (readonly number[])[] = []
    for (let run = 0; run < runs; run++) seen.push(await once(fabric))
    console.log(`\nThe first endpoints of a Service, on ${NODES.length} nodes, ${runs} runs\n`)
    console.log('| the last of them | median ms | worst ms |\n|---|---|---|')
    for (const [at, stage] of STAGES.entries()) {
      const times = seen.map((each) => each[at] ?? Number.NaN)
      console.log(`| ${stage} | ${short(median(times))} | ${short(Math.max(...times))} |`)
    }
  } finally {
    await fabric.remove()
  }
}

async function record(frr: FrrLab, ...debug: readonly string[]): Promise<void> {
  const log = ['log timestamp precision 6', `log file ${join(frr.folder, LOG)} debugging`]
  await frr.tell('bgpd', ...debug, 'configure terminal', 'log commands', ...log, 'end')
}

async function once(fabric: BgpFabric): Promise<readonly number[]> {
  const address = bgpAddress(SERVICES)
  fabric.addWithoutEndpoints(SERVICES)
  await pause(2 * WRITTEN_MS)
  for (const name of NODES) fabric.agent(name).skip()
  const began = Date.now()
  fabric.add(SERVICES)
  const routed = performance.timeOrigin + (await fabric.routed(NODES, SERVICES + 1))
  await pause(WRITTEN_MS)
  const configured = await Promise.all(
    NODES.map((name) => fabric.agent(name).next('bgp-configured')),
  )
  const asked = configured.map((line) => timeOf(line) - Number(line['durationMs']))
  const onNodes = (said: string): readonly number[] =>
    NODES.map((name) => heard(fabric.frr(name), began, said))
  const onRouter = (...said: readonly string[]): number => heard(fabric.router, began, ...said)
  const times = [
    asked,
    onNodes(`# network ${address}/`),
    onNodes(`send UPDATE ${address}/`),
    NODES.map((_, at) => onRouter(`] ${nodeAddress(at)}(`, `rcvd ${address}/`)),
    [onRouter(`Tx route add VRF 0 ${address}/`, `count ${NODES.length} `)],
    [routed],
  ]
  fabric.add()
  await fabric.routes.until((routes) => routes.size === SERVICES)
  return times.map((each) => Math.max(...each) - began)
}

/** When a bgpd said all this in a line for the first time since `began`, in milliseconds since 1970; NaN if it did not. */
function heard({ folder }: FrrLab, began: number, ...said: readonly string[]): number {
  const lines = readFileSync(join(folder, LOG), 'utf8').split('\n')
  const found = lines.filter((line) => said.every((each) => line.includes(each)))
  return found.map(writtenAt).find((time) => time >= began) ?? Number.NaN
}

/** Reads the time of a line of FRR's log, such as 2026/11/27 15:17:34.123456 or 2026-11-27T15:17:34.123456+00:00. */
function writtenAt(line: string): number {
  const [, year, month, day, time, micros] =
    /^(\d+)[/-](\d+)[/-](\d+)[ T](\d+:\d+:\d+)\.(\d{6})/.exec(line) ?? []
  return Date.parse(`${year}-${month}-${day}T${time}`) + Number(micros) / 1000
}
