import { execFileSync } from 'node:child_process'
import koffi from 'koffi'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { Cluster } from '../../src/model/service.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import type { Answers } from './protocol.ts'

const VIPS = 4000
const ROUNDS = 5
const SIZE: Size = { services: VIPS, endpoints: 1, dualStack: false, external: false }
const AF_INET = 2
const SOCK_DGRAM = 2
const MSG_DONTWAIT = 0x40

/**
 * What the first packet of a connection costs when Services have 1, 2, … `counts` endpoints: one
 * datagram to each of 4000 Services with one endpoint, which are found after all other counts were
 * tried. The network behind is a bridge without ports, which swallows everything.
 */
export async function measurePackets(counts: number): Promise<Answers['packets']> {
  connectSink()
  const socket = NetlinkSocket.open()
  const started = await startSession(socket, { cluster: withCounts(counts), node, settings })
  if (started.kind !== 'started') throw new Error('packets: not started')
  const send = sender(Array.from({ length: VIPS }, (_, index) => index))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const { fd, close } = send.open()
    const first = send.toAll(fd)
    const later = send.toAll(fd)
    close()
    return { first, later }
  })
  socket.close()
  const least = (times: readonly number[]): number => (Math.min(...times) * 1e6) / VIPS
  return {
    firstNs: least(rounds.map(({ first }) => first)),
    laterNs: least(rounds.map(({ later }) => later)),
  }
}

function withCounts(counts: number): Cluster {
  const udp = <Ported extends { readonly ports: readonly object[] }>(object: Ported) => ({
    ...object,
    ports: object.ports.map((port) => ({ ...port, protocol: 'udp' as const })),
  })
  const { services } = makeCluster({ ...SIZE, services: VIPS + counts })
  return {
    services: services.map(udp),
    slices: services.flatMap((_, index) =>
      makeSlices({ ...SIZE, endpoints: 100 }, index, Math.max(1, index - VIPS + 1)).map(udp),
    ),
  }
}

/** A bridge without ports, which swallows everything. */
export function connectSink(): void {
  for (const command of [
    'link add sink0 type bridge',
    'link set lo up',
    'link set sink0 arp off up',
    'address add 192.0.2.1/24 dev sink0',
    'route add default dev sink0',
  ]) {
    execFileSync('ip', command.split(' '))
  }
}

export interface Sender {
  /** From a port that the kernel chooses, or from this one. */
  open(port?: number): { readonly fd: number; close(): void }
  /** Milliseconds. */
  toAll(fd: number): number
  /** Takes the answers that have come, and returns their number. */
  answers(fd: number): number
}

/** A datagram to each of these Services. */
export function sender(services: readonly number[]): Sender {
  return senderTo(services.map((index) => socketAddress(10, index, 80)))
}

/** The address with this number in a range, as `makeAddress` has it, for sendto(). */
export function socketAddress(range: number, index: number, port: number): Buffer {
  const number = index + 1
  const family = new Uint8Array(new Uint16Array([AF_INET]).buffer)
  const parts = [range, number >> 16, (number >> 8) & 255, number & 255]
  return Buffer.from([...family, port >> 8, port & 255, ...parts, ...Buffer.alloc(8)])
}

/**
 * A datagram to each of these addresses. Calls of libc: one of node:dgram costs more than all that
 * is to be measured.
 */
export function senderTo(addresses: readonly Buffer[]): Sender {
  const libc = koffi.load('libc.so.6')
  const open = libc.func('int socket(int, int, int)')
  const close = libc.func('int close(int)')
  const recv = libc.func('intptr recv(int, void *, size_t, int)')
  const bind = libc.func('int bind(int, const void *, uint32)')
  const sendto = libc.func('intptr sendto(int, const void *, size_t, int, const void *, uint32)')
  const body = Buffer.from('x')
  return {
    open: (port) => {
      const fd: number = open(AF_INET, SOCK_DGRAM, 0)
      if (port !== undefined) {
        const own = Buffer.from(socketAddress(0, -1, port))
        if (bind(fd, own, own.length) !== 0) throw new Error('bind failed')
      }
      return { fd, close: () => void close(fd) }
    },
    toAll: (fd: number): number => {
      const begin = performance.now()
      for (const address of addresses) {
        if (sendto(fd, body, 1, 0, address, address.length) !== 1) throw new Error('sendto failed')
      }
      return performance.now() - begin
    },
    answers: (fd) => {
      let count = 0
      while (recv(fd, Buffer.alloc(1), 1, MSG_DONTWAIT) === 1) count++
      return count
    },
  }
}
