import { printSilence } from '../../announce/silence.ts'
import { visible } from '../../decode/problem.ts'
import { ANNOUNCE_TABLE } from '../../ruleset/netdev/types.ts'
import { firstAsJson, othersAsJson } from '../announcers/print-json.ts'
import { type Answering, answers } from './answering.ts'
import type { OnLan } from './on-lan.ts'

/** Returns a line that says whether this kernel answers for the address, and whether it should. */
export function printAnswering(address: string, lan: OnLan, answering: Answering): string {
  // Where something is wrong with what the files say, it is no measure of what the kernel does.
  const agrees = lan.problem !== undefined || answers(answering) === (lan.standing.kind === 'first')
  return `\n${visible(holding(address, answering))}.${agrees ? '' : OTHERWISE}\n`
}

const OTHERWISE =
  ' By the files it is otherwise, if all Nodes run and are settled; `nodelb status` says what is.'

function holding(address: string, answering: Answering): string {
  const table = `netdev ${ANNOUNCE_TABLE}`
  if (answering.kind === 'no-table') {
    return `The kernel here answers for no address on the LAN: there is no table ${table}`
  }
  const { interfaces, isTaken, switch: left } = answering
  if (isTaken) {
    return `The kernel here does not answer for ${address}: another node has just taken it over, and the agent here has not heard of that yet`
  }
  const seconds = left === undefined ? undefined : Math.ceil(left / 1000)
  const on = interfaces.join(', ')
  if (interfaces.length > 0) {
    return seconds === undefined
      ? `The kernel here does not answer for ${address} on ${on}: the table ${table} has it, and its switch is off`
      : `The kernel here answers for ${address} on ${on}, for ${seconds} s without the agent`
  }
  const state = seconds === undefined ? 'its switch is off' : `its switch is on for ${seconds} s`
  return `The kernel here does not answer for ${address}: the table ${table} does not have it, and ${state}`
}

/** Returns who announces the address for programs; null if that does not apply. */
export function onLanAsJson(lan: OnLan | undefined, answering: Answering | undefined): unknown {
  if (lan === undefined) return null
  const { node, standing, problem = null } = lan
  const who =
    lan.kind === 'announced'
      ? { ...firstAsJson(lan.entry), ...othersAsJson(lan.entry), silences: [] }
      : {
          ...{ node: null, reason: null, message: null },
          ...othersAsJson({ order: [], leftOut: lan.leftOut }),
          silences: lan.silences.map(({ service, reason }) => {
            return { service, reason: reason.kind, message: printSilence(reason) }
          }),
        }
  const here = { node, standing: standing.kind }
  return { ...who, problem, here, kernel: answeringAsJson(answering) }
}

function answeringAsJson(answering: Answering | undefined): unknown {
  if (answering === undefined) return null
  if (answering.kind === 'no-table') return { table: false, interfaces: [], switchMs: null }
  const { interfaces, switch: left = null } = answering
  return { table: true, interfaces, switchMs: left }
}
