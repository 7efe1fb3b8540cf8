import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../../src/model/address.ts'
import { makeAddress } from './cluster.ts'
import { runNft, runNftFile } from './nft.ts'
import { type Sender, senderTo, socketAddress } from './packets.ts'
import type { Answers, PathTarget, Questions } from './protocol.ts'

/**
 * Three namespaces: a client, the node, pods. What the kernel does with a datagram on its way from the
 * client to the pods it does while the client sends it, so the time of sendto() tells what it costs.
 */

/** How many addresses are called in a round. */
export const CALLED = 90

const PODS = '100.0.0.0/8'
/** In nodelb's ranges of pods, so that the client is not masqueraded. */
const CLIENT = ['101.200.0.2', '101.200.0.1'] as const
const POD = ['101.201.0.2', '101.201.0.1'] as const

export async function forward({
  client,
  pods,
  file,
}: Questions['pathNode']): Promise<Answers['pathNode']> {
  ip('link set lo up')
  for (const [name, pid, [, own]] of [
    ['client', client, CLIENT],
    ['pods', pods, POD],
  ] as const) {
    ip(`link add ${name} type veth peer name eth0 netns ${pid}`)
    ip(`address add ${own}/24 dev ${name}`)
    ip(`link set ${name} up`)
  }
  ip(`route add ${PODS} via ${POD[0]}`)
  execFileSync('sysctl', ['-qw', 'net.ipv4.ip_forward=1'])
  await runNftFile(file)
  return {}
}

export function joinAsClient(): Answers['pathClient'] {
  join(CLIENT)
  return {}
}

/** The first time, joins as well. */
export async function setAnswering(answering: boolean): Promise<Answers['pathPods']> {
  if (!joined) {
    join(POD)
    ip(`route add local ${PODS} dev lo`)
    joined = true
    for (let pod = 0; pod < CALLED; pod++) await answer(makeAddress('ipv4', 100, pod))
  }
  await runNft(['-f', '-'], answering ? 'flush ruleset' : SWALLOW)
  return {}
}

let joined = false

async function answer(address: Address): Promise<void> {
  const socket = createSocket('udp4', (message, client) => {
    socket.send(message, client.port, client.address)
  })
  socket.bind(8080, address)
  await once(socket, 'listening')
}

/** Before conntrack. */
const SWALLOW = `table ip sink {
  chain sink { type filter hook prerouting priority -400; policy drop; }
}`

function join([own, gateway]: readonly [string, string]): void {
  ip('link set lo up')
  ip(`address add ${own}/24 dev eth0`)
  ip('link set eth0 up')
  ip(`route add default via ${gateway}`)
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '))
}

/** Flows from one port, which are established when this is over. */
export async function openFlows(to: PathTarget): Promise<Answers['pathOpen']> {
  kept?.close()
  const send = senderFor(to)
  const { fd, close } = send.open(port++)
  kept = { again: () => perDatagram(send.toAll(fd)), close }
  kept.again()
  await sleep(ANSWERED)
  const answers = send.answers(fd)
  if (answers < CALLED) throw new Error(`${answers} of ${CALLED} datagrams were answered`)
  return {}
}

/** A port that comes again would meet flows that are no longer new. */
let port = 10_000

let kept: { again(): number; close(): void } | undefined

/** Milliseconds after which pods have answered. */
const ANSWERED = 100

export async function sendKept(rounds: number): Promise<Answers['pathKept']> {
  const later: number[] = []
  for (let round = 0; round < rounds; round++) {
    later.push(kept?.again() ?? Number.NaN)
    await sleep(PAUSE)
  }
  return { later }
}

/** Lets the kernel tidy up what a round has left. */
const PAUSE = 1

export async function sendRounds(to: PathTarget, rounds: number): Promise<Answers['pathRounds']> {
  const send = senderFor(to)
  const first: number[] = []
  const later: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { fd, close } = send.open(port++)
    first.push(perDatagram(send.toAll(fd)))
    later.push(perDatagram(send.toAll(fd)))
    close()
    await sleep(PAUSE)
  }
  return { first, later }
}

function senderFor({ range, first, port }: PathTarget): Sender {
  return senderTo(Array.from({ length: CALLED }, (_, at) => socketAddress(range, first + at, port)))
}

function perDatagram(ms: number): number {
  return (ms * 1e6) / CALLED
}
