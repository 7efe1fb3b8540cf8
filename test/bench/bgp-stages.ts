import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { BgpFabric } from '../support/bgp-fabric.ts'
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

/** Prints how many milliseconds after the file of a Service was written which stage was reached. */
export async function tellStages(runs: number): Promise<void> {
  const fabric = await eventFabric()
  try {
    const frrs = NODES.map((name) => fabric.frr(name))
    for (const frr of frrs) await record(frr, 'debug bgp updates out')
    await record(fabric.router, 'debug bgp updates in', 'debug bgp zebra')
    const seen: (readonly number[])[] = []
    for (let run = 0; run < runs; run++) seen.push(await once(fabric))
    console.log(`\nA Service comes to ${NODES.length} nodes, ${runs} runs\n`)
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
  for (const name of NODES) fabric.agent(name).skip()
  const began = Date.now()
  fabric.add(SERVICES)
  const routed = performance.timeOrigin + (await fabric.routed(NODES, SERVICES + 1))
  await pause(WRITTEN_MS)
  const configured = await Promise.all(
    NODES.map((name) => fabric.agent(name).next('bgp-configured')),
  )
  const asked = configured.map((line) => timeOf(line) - Number(line['durationMs']))
  const frrs = NODES.map((name) => fabric.frr(name))
  const times = [
    Math.max(...asked),
    last(frrs, `network ${address}/`, began),
    last(frrs, `send UPDATE ${address}/`, began),
    last([fabric.router], `rcvd ${address}/`, began),
    last([fabric.router], `Tx route add VRF 0 ${address}/`, began),
    routed,
  ]
  fabric.add()
  await fabric.routes.until((routes) => routes.size === SERVICES)
  // Withdrawn and announced again at once is another matter.
  await pause(2 * WRITTEN_MS)
  return times.map((time) => time - began)
}

/**
 * When the last of several bgpds said this for the first time since `began`, in milliseconds since 1970; NaN if
 * one did not.
 */
function last(frrs: readonly FrrLab[], said: string, began: number): number {
  const times = frrs.map(({ folder }) => {
    const lines = readFileSync(join(folder, LOG), 'utf8').split('\n')
    const found = lines.filter((line) => line.includes(said) && !line.includes(`no ${said}`))
    return found.map(writtenAt).find((time) => time >= began) ?? Number.NaN
  })
  return Math.max(...times)
}

/** Reads the time of a line of FRR's log, such as 2026/11/27 15:17:34.123456 or 2026-11-27T15:17:34.123456+00:00. */
function writtenAt(line: string): number {
  const [, year, month, day, time, micros] =
    /^(\d+)[/-](\d+)[/-](\d+)[ T](\d+:\d+:\d+)\.(\d{6})/.exec(line) ?? []
  return Date.parse(`${year}-${month}-${day}T${time}`) + Number(micros) / 1000
}
