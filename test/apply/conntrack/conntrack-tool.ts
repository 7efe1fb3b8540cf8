import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A flow for the kernel's table, as if packets had made it. */
export interface Planted {
  readonly client: string
  /** Where the client sent it. */
  readonly to: readonly [address: string, port: number]
  /** Who answers; the same where nothing was translated. */
  readonly answerer: readonly [address: string, port: number]
  readonly clientPort: number
  readonly protocol?: 'tcp' | 'udp' | 'sctp'
  readonly zone?: number
  /** Whether a packet has come back; default false. */
  readonly isAnswered?: boolean
}

/** Puts a flow into the table of this thread's network. */
export async function plant({
  protocol = 'udp',
  zone,
  isAnswered = false,
  ...flow
}: Planted): Promise<void> {
  const state = { udp: [], tcp: ['--state', 'ESTABLISHED'], sctp: ['--state', 'ESTABLISHED'] }
  await run('conntrack', [
    '-I',
    ...['-p', protocol, '-t', '600', '-s', flow.client, '-d', flow.to[0]],
    ...['--sport', String(flow.clientPort), '--dport', String(flow.to[1])],
    ...['-r', flow.answerer[0], '-q', flow.client],
    ...['--reply-port-src', String(flow.answerer[1])],
    ...['--reply-port-dst', String(flow.clientPort)],
    ...state[protocol],
    ...(protocol === 'sctp' ? ['--orig-vtag', '1', '--reply-vtag', '2'] : []),
    ...(isAnswered ? ['--status', 'SEEN_REPLY'] : []),
    ...(zone === undefined ? [] : ['--zone', String(zone)]),
  ])
}

/** The clients' ports of the flows that are left, as the tool lists them. */
export async function portsLeft(family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<number[]> {
  const { stdout } = await run('conntrack', ['-L', '-f', family])
  return [...stdout.matchAll(/^.*?sport=(\d+)/gm)].map(([, port]) => Number(port)).sort()
}

export async function forgetAll(): Promise<void> {
  await run('conntrack', ['-F'])
}
