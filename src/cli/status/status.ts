import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../../model/unreachable.ts'
import { readStatus } from '../../report/status/status-socket.ts'
import { statusView } from '../../view/status-view.ts'
import { TROUBLE } from '../arguments.ts'
import type { Output } from '../output.ts'
import type { StatusOptions } from '../status-arguments.ts'
import { untilSignal } from '../until-signal.ts'
import { printStatus } from './print-status.ts'

/**
 * Runs `nodelb status`: prints what the running agent reports. Returns 0 if it is ready, 1 if not,
 * 2 for trouble.
 */
export async function statusCommand(options: StatusOptions, output: Output): Promise<number> {
  if (options.watch) return watchStatus(options, output)
  const { code, text, trouble } = await ask(options, output)
  if (text !== undefined) output.out(text)
  if (trouble !== undefined) output.say(trouble)
  return code
}

/** How often a status that is watched is asked for, in milliseconds. */
const WATCH_MS = 1000

/** Clears the screen and what has scrolled past, and goes to its top left (ECMA-48). */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H'

/** Prints the status each time that it differs, until a signal comes; returns the last exit code. */
async function watchStatus(options: StatusOptions, output: Output): Promise<number> {
  const stop = new AbortController()
  const ended = untilSignal(stop)
  const isTerminal = output.columns !== undefined
  let last: string | undefined
  let code = TROUBLE
  while (!stop.signal.aborted) {
    const answer = await ask(options, output)
    code = answer.code
    const text = answer.text ?? `${answer.trouble}\n`
    // Where nothing can be redrawn, the time that goes by is no news.
    const news = isTerminal ? text : timeless(text)
    if (news !== last)
      output.out(isTerminal ? CLEAR + text : last === undefined ? text : `\n${text}`)
    last = news
    await pause(WATCH_MS, undefined, { signal: stop.signal }).catch(() => undefined)
  }
  await ended
  return code
}

function timeless(text: string): string {
  return text.replace(/\d+ (?:s|min|h|d)\b/g, '').replace(/"at": ?"[^"]*"/, '')
}

interface Answer {
  readonly code: number
  readonly text?: string
  readonly trouble?: string
}

async function ask(options: StatusOptions, { colour, columns }: Output): Promise<Answer> {
  const { socket, format, service, all } = options
  const answer = await readStatus(socket, { service })
  switch (answer.kind) {
    case 'status': {
      const { status, json } = answer
      if (service !== undefined && status.services.length === 0) {
        return {
          code: TROUBLE,
          trouble: `nodelb: no Service ${service} is known here that asks for load balancing`,
        }
      }
      const code = status.ready ? 0 : 1
      if (format === 'json') return { code, text: `${json}\n` }
      const look = { colour, columns, wide: format === 'wide' }
      return { code, text: printStatus(statusView(status, { all }), status, look) }
    }
    case 'not-running':
      return { code: TROUBLE, trouble: `nodelb: no agent answers at ${socket}` }
    case 'failed':
      return { code: TROUBLE, trouble: `nodelb: ${answer.reason}` }
    default:
      return unreachable(answer)
  }
}
