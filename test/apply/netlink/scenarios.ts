// Each scenario runs in a process and a network of its own, prints what it saw as JSON and must
// then exit by itself: an open socket or a forgotten timer makes the test time out.
// The "bare" ones use npm netlink as it comes and show that the danger is real.

import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { RawNetlinkSocket } from 'netlink'
import { NFNLGRP_NFTABLES } from '../../../src/apply/netlink/constants.ts'
import { frameBatch, frameMessage, GET_GENERATION } from '../../../src/apply/netlink/message.ts'
import { NetlinkSocket, openRaw } from '../../../src/apply/netlink/socket.ts'
import { addElements, addSet, addTable, deleteTable, getElements, getTable } from './requests.ts'

const NEWGEN = 0x0a0f
const SMALL_BUFFER = 32_768
const BATCH_END_LENGTH = 20

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'failing-batch'() {
    const socket = NetlinkSocket.open()
    const outcome = await socket.transact(missingTables(5_000), 0)
    const after = await socket.transact([addTable('after')], 0)
    const drops = socket.drops()
    socket.close()
    if (outcome.kind !== 'rejected') return outcome
    const distinct = new Set(outcome.failures.map(({ index }) => index)).size
    return { distinct, last: outcome.failures.at(-1), after, drops }
  },

  async 'failing-batch-past-the-buffer'() {
    const raw = openRaw({ receiveBuffer: SMALL_BUFFER })
    const socket = NetlinkSocket.over({ ...raw, resize: (side) => raw.resize(side, 1 << 20) })
    raw.resize('receive', SMALL_BUFFER)
    const outcome = await socket.transact(missingTables(900), 0)
    const drops = socket.drops()
    const after = await socket.transact([addTable('after')], 0)
    socket.close()
    const reported = outcome.kind === 'rejected' ? outcome.failures.length : 0
    return { kind: outcome.kind, some: reported > 0, all: reported === 900, drops: drops > 0, after }
  },

  async 'bare-failing-batch'() {
    const socket = bareSocket()
    socket.on('message', () => undefined)
    socket.send(frameBatch(missingTables(5_000), 0, 1), {})
    await sleep(500)
    socket.close()
    return 'lived'
  },

  async 'throwing-listener'() {
    const monitor = NetlinkSocket.open({ groups: [NFNLGRP_NFTABLES] })
    const socket = NetlinkSocket.open()
    const warnings: string[] = []
    process.on('warning', ({ message }) => warnings.push(message))
    let heard = 0
    monitor.onMessage(() => {
      throw new Error('listener bug')
    })
    monitor.onMessage(({ type }) => {
      if (type === NEWGEN) heard += 1
    })
    await socket.transact([addTable('one')], 0)
    await socket.transact([addTable('two')], 0)
    await until(() => heard >= 2)
    monitor.close()
    socket.close()
    return { heard, warned: warnings.includes('listener bug') }
  },

  async 'bare-throwing-listener'() {
    const socket = bareSocket()
    process.on('uncaughtException', () => undefined)
    socket.on('message', () => {
      throw new Error('listener bug')
    })
    socket.send(frameMessage(GET_GENERATION, 1), {})
    await sleep(500)
    socket.close()
    return 'lived'
  },

  /** User code that runs on from our promises must not run inside a native callback either. */
  async 'throwing-continuation'() {
    const errors: string[] = []
    process.on('uncaughtException', ({ message }) => errors.push(message))
    const socket = NetlinkSocket.open()
    void socket.generation().then(() => {
      process.nextTick(() => {
        throw new Error('tick bug')
      })
      throw new Error('promise bug')
    })
    await until(() => errors.length >= 2)
    const alive = (await socket.generation()) > 0
    socket.close()
    return { errors: errors.sort(), alive }
  },

  async 'flooded-monitor'() {
    const monitor = NetlinkSocket.open({ groups: [NFNLGRP_NFTABLES], receiveBuffer: SMALL_BUFFER })
    const socket = NetlinkSocket.open()
    let heard = 0
    monitor.onMessage(({ type }) => {
      if (type === NEWGEN) heard += 1
    })
    const flood = await socket.transact(bigSet(), 0)
    await until(() => monitor.drops() > 0)
    for (let round = 0; round < 50; round++) await turn()
    heard = 0
    const after = await socket.transact([addTable('after')], 0)
    await until(() => heard > 0)
    const drops = monitor.drops()
    const generation = await monitor.generation()
    monitor.close()
    socket.close()
    return { flood, after, lost: drops > 0, heard, answers: generation > 0 }
  },

  async 'bare-flooded-monitor'() {
    const monitor = bareSocket()
    monitor.addMembership(NFNLGRP_NFTABLES)
    monitor.on('message', () => undefined)
    const socket = NetlinkSocket.open()
    await socket.transact(bigSet(), 0)
    await sleep(500)
    monitor.close()
    socket.close()
    return 'lived'
  },

  async generations() {
    const socket = NetlinkSocket.open()
    const before = await socket.generation()
    const first = await socket.transact([addTable('one')], before)
    const second = await socket.transact([addTable('two')], before)
    const third = await socket.transact([addTable('two')], await socket.generation())
    const { replies } = await socket.dump(getTable())
    socket.close()
    return { first, second, third, tables: replies.length }
  },

  async 'missing-end'() {
    const raw = openRaw()
    const withoutEnd = (frame: Buffer): Buffer => {
      if (frame.length < 100) return frame
      // Without an acknowledged request the kernel says nothing at all.
      frame.writeUInt16LE(frame.readUInt16LE(frame.length - 50) & 0, frame.length - 50)
      return frame.subarray(0, frame.length - BATCH_END_LENGTH)
    }
    const socket = NetlinkSocket.over({
      ...raw,
      send: (frame, sent) => raw.send(withoutEnd(frame), sent),
    })
    const outcome = await socket.transact([addTable('one'), addTable('two'), addTable('xy')], 0)
    const { replies } = await socket.dump(getTable())
    socket.close()
    return { outcome, tables: replies.length }
  },

  /** Not even the fence comes back: only the time limit helps. */
  async 'deaf-socket'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over(
      { ...raw, listen: (_received, failed) => raw.listen(() => undefined, failed) },
      { timeLimit: 300 },
    )
    const outcome = await socket.transact([addTable('one')], 0)
    const dump = await codeOf(socket.dump(getTable()))
    socket.close()
    return { outcome, dump }
  },

  /** npm netlink's answer to ENOBUFS: the callback never comes. */
  async 'stuck-send'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over({ ...raw, send: () => undefined })
    const first = await codeOf(socket.transact([addTable('one')], 0))
    const second = await codeOf(socket.generation())
    return { first, second }
  },

  /** The loop is blocked for longer than the limits both while the kernel commits and afterwards. */
  async 'busy-loop'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over(
      {
        ...raw,
        send(frame, sent) {
          raw.send(frame, sent)
          block(2_500)
        },
      },
      { timeLimit: 100 },
    )
    const outcome = await socket.transact(missingTables(2_000), 0)
    socket.close()
    return outcome.kind === 'rejected' ? outcome.failures.length : outcome
  },

  async 'concurrent-requests'() {
    const socket = NetlinkSocket.open()
    await socket.transact(bigSet(), 0)
    const dumps = [1, 2, 3].map(() => socket.dump(getElements('t', 's')))
    const generation = socket.generation()
    const missing = codeOf(socket.request(getTable('missing')))
    const found = socket.request(getTable('t'))
    const elements = await Promise.all(dumps)
    const result = {
      same: new Set(elements.map(({ replies }) => replies.length)).size === 1,
      bytes: elements[0]?.replies.reduce((sum, { payload }) => sum + payload.length, 0),
      interrupted: elements.map(({ interrupted }) => interrupted),
      generation: (await generation) > 0,
      missing: await missing,
      found: (await found).length,
    }
    socket.close()
    return result
  },

  async 'changed-while-dumped'() {
    const socket = NetlinkSocket.open()
    const writer = NetlinkSocket.open()
    await socket.transact(bigSet(), 0)
    const dump = socket.dump(getElements('t', 's'))
    for (let round = 0; round < 3; round++)
      await writer.transact(addElements('t', 's', 50_000 + round, 1), 0)
    const { interrupted } = await dump
    socket.close()
    writer.close()
    return { interrupted }
  },

  async 'too-large'() {
    const socket = NetlinkSocket.open()
    const requests = [addTable('t'), addSet('t', 's')]
    for (let from = 0; from < 1_000_000; from += 20_000)
      requests.push(...addElements('t', 's', from, 20_000))
    const outcome = await socket.transact(requests, 0)
    socket.close()
    return outcome
  },

  async unprivileged() {
    const socket = NetlinkSocket.open()
    const transact = await codeOf(socket.transact([addTable('one')], 0))
    const generation = await codeOf(socket.generation())
    socket.close()
    return { transact, generation }
  },

  async 'closed-midway'() {
    const socket = NetlinkSocket.open()
    const pending = codeOf(socket.generation())
    const queued = codeOf(socket.dump(getTable()))
    await turn()
    socket.close()
    socket.close()
    return { pending: await pending, queued: await queued, later: await codeOf(socket.generation()) }
  },
}

function bareSocket(): RawNetlinkSocket {
  return new RawNetlinkSocket(12, { recvBufferSize: SMALL_BUFFER, sendBufferSize: 1 << 20 })
}

function missingTables(count: number): ReturnType<typeof deleteTable>[] {
  return Array.from({ length: count }, (_, index) => deleteTable(`missing-${index}`))
}

function bigSet(): ReturnType<typeof addElements> {
  return [addTable('t'), addSet('t', 's'), ...addElements('t', 's', 0, 20_000)]
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await promise }
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error)
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

const scenario = scenarios[process.argv[2] ?? '']
if (!scenario) throw new Error(`unknown scenario ${process.argv[2]}`)
process.stdout.write(JSON.stringify(await scenario()))
