// What a node says of itself, for a report of a bug.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { get } from 'node:http'
import { runProgram } from '../../apply/iptables/process.ts'
import { FLAVOURS, findPrograms } from '../../apply/iptables/programs.ts'
import { listNames, readText, sysctlFile } from '../../apply/sysctl/files.ts'
import { OWN_CHAIN } from '../../ruleset/iptables/chains.ts'

/** What was found, or why there is nothing. */
export type Found =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'missing'; readonly why: string }

const missing = (why: string): Found => ({ kind: 'missing', why })
const found = (text: string): Found => ({ kind: 'found', text })

/** Milliseconds that a program or the agent may take to answer. */
const TIME_LIMIT = 10_000

/** Returns what the agent answers at `/metrics`. Never rejects. */
export function metricsAt(listen: string): Promise<Found> {
  return new Promise((resolve) => {
    const fail = ({ message }: Error): void => resolve(missing(message))
    const url = `http://${listen.startsWith(':') ? `127.0.0.1${listen}` : listen}/metrics`
    if (!URL.canParse(url)) return resolve(missing(`--listen: "${listen}" is no host:port`))
    const request = get(url, { agent: false, timeout: TIME_LIMIT }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', fail)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const { statusCode } = response
        resolve(statusCode === 200 ? found(text) : missing(`${url}: status ${statusCode}`))
      })
    })
    request.on('error', fail)
    request.on('timeout', () => request.destroy(new Error(`${url}: no answer`)))
  })
}

/** Returns nodelb's rules as the programs print them, and the virtual servers of ipvs. */
export async function rulesOfKernel(): Promise<Found> {
  const texts = [await nftables(), ...(await Promise.all(FLAVOURS.map(iptables)))]
  const servers = readText('/proc/net/ip_vs').split('\n').length > 4 ? '/proc/net/ip_vs' : undefined
  if (servers !== undefined) texts.push(`# ${servers}\n${readText(servers)}`)
  const text = texts.filter((each) => each !== '').join('\n')
  return text === '' ? missing('no table or chain of nodelb, or no right to see them') : found(text)
}

async function nftables(): Promise<string> {
  const tables = (await linesOf('/usr/sbin/nft', ['list', 'tables'])).filter((line) =>
    /^table \w+ nodelb/.test(line),
  )
  const texts: string[] = []
  for (const table of tables) {
    texts.push(...(await linesOf('/usr/sbin/nft', ['list', ...table.split(' ')])))
  }
  return texts.map((line) => `${line}\n`).join('')
}

/** Asked for no table by name, iptables-legacy-save creates none. */
async function iptables(flavour: (typeof FLAVOURS)[number]): Promise<string> {
  const { families } = await findPrograms(flavour)
  const texts: string[] = []
  for (const family of Object.values(families)) {
    if (family.kind === 'missing') continue
    const { save } = family.programs
    const own = (await linesOf(save, [])).filter((line) => line.includes(OWN_CHAIN))
    if (own.length > 0) texts.push(`# ${save}`, ...own)
  }
  return texts.map((line) => `${line}\n`).join('')
}

async function linesOf(file: string, args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  const onLine = (line: string): void => {
    lines.push(line)
  }
  const ended = await runProgram({ file, args, onLine, timeLimit: TIME_LIMIT })
  const whole = ended.kind === 'exited' && ended.code === 0
  return whole ? lines : [...lines, `# ${file} ${args.join(' ')}: this is not all of it`]
}

const CONNTRACK = [
  ...['max', 'count', 'buckets', 'tcp_be_liberal', 'tcp_loose', 'tcp_timeout_established'],
  ...['tcp_timeout_close_wait', 'udp_timeout', 'udp_timeout_stream'],
].map((name) => `net.netfilter.nf_conntrack_${name}`)

const IPV4 = [
  ...['ip_forward', 'ip_local_port_range', 'ip_local_reserved_ports', 'vs.conn_reuse_mode'],
  ...['conf.all.rp_filter', 'conf.default.rp_filter', 'conf.all.route_localnet'],
  ...['conf.all.arp_ignore', 'conf.all.arp_announce', 'vs.expire_nodest_conn'],
].map((name) => `net.ipv4.${name}`)

const OTHERS = ['net.ipv6.conf.all.forwarding', 'net.bridge.bridge-nf-call-iptables']

/** Returns the sysctls on which the way of a packet depends, as sysctl(8) prints them. */
export function sysctls(): Found {
  const lines = [...CONNTRACK, ...IPV4, ...OTHERS].map((name) => {
    const value = readText(sysctlFile('', name)).trim().replaceAll('\t', ' ')
    return `${name} = ${value === '' ? '(not there, or empty)' : value}\n`
  })
  return found(lines.join(''))
}

const LOGS = '/var/log/containers'
const TAIL_BYTES = 1 << 20

/** Returns the end of the log in a file, or in the newest that the container runtime has of an agent. */
export function logTail(file: string | undefined): Found {
  try {
    const chosen = file ?? newestLog()
    if (chosen === undefined) return missing(`${LOGS} has no log of an agent; --log names a file`)
    return found(tailOf(chosen))
  } catch (error) {
    return missing((error as Error).message)
  }
}

/** The names are those of the Pod, its namespace and its container. */
function newestLog(): string | undefined {
  const logs = listNames(LOGS)
    .filter((name) => /^nodelb-\w+_[\w-]+_agent-\w+\.log$/.test(name))
    .map((name) => `${LOGS}/${name}`)
  const age = (log: string): number => statSync(log).mtimeMs
  return logs.sort((a, b) => age(a) - age(b)).at(-1)
}

function tailOf(file: string): string {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const length = readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    const text = bytes.subarray(0, length).toString()
    return size > TAIL_BYTES ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    closeSync(fd)
  }
}
