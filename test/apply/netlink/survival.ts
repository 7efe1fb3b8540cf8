// What can kill a process that uses npm netlink. The "bare" scenarios use it as it comes and show
// that the danger is real.

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { RawNetlinkSocket } from 'netlink'
import { NFNLGRP_NFTABLES } from '../../../src/apply/netlink/constants.ts'
import { frameBatch, frameMessage, GET_GENERATION } from '../../../src/apply/netlink/message.ts'
import { openRaw } from '../../../src/apply/netlink/open-raw.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import { eventually } from '../../support/eventually.ts'
import { addTable, bigSet, missingTables } from './requests.ts'

const NEWGEN = 0x0a0f
const SMALL_BUFFER = 32_768

export const survival: Readonly<Record<string, () => Promise<unknown>>> = {
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
    return {
      kind: outcome.kind,
      some: reported > 0,
      all: reported === 900,
      drops: drops > 0,
      after,
    }
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
    await eventually(() => heard >= 2)
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
    await eventually(() => errors.length >= 2)
    const alive = (await socket.generation()) > 0
    socket.close()
    return { errors: errors.sort(), alive }
  },

  async 'flooded-monitor'() {
    const monitor = NetlinkSocket.open({ groups: [NFNLGRP_NFTABLES], receiveBuffer: SMALL_BUFFER })
    const socket = blockingSocket()
    let heard = 0
    monitor.onMessage(({ type }) => {
      if (type === NEWGEN) heard += 1
    })
    const flood = await socket.transact(bigSet(), 0)
    await eventually(() => monitor.drops() > 0)
    for (let round = 0; round < 50; round++) await turn()
    heard = 0
    const after = await socket.transact([addTable('after')], 0)
    await eventually(() => heard > 0)
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
    const socket = blockingSocket()
    await socket.transact(bigSet(), 0)
    await sleep(500)
    monitor.close()
    socket.close()
    return 'lived'
  },
}

/** Nothing is read while it commits, so that what is announced piles up. */
function blockingSocket(): NetlinkSocket {
  const raw = openRaw()
  return NetlinkSocket.over({ ...raw, sendFromThread: raw.send })
}

function bareSocket(): RawNetlinkSocket {
  return new RawNetlinkSocket(12, { recvBufferSize: SMALL_BUFFER, sendBufferSize: 1 << 20 })
}
