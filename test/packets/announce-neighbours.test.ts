import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { NETLINK_ROUTE } from '../../src/apply/rtnetlink/constants.ts'
import { chooseResponder } from '../../src/dataplane/announce/choose-responder.ts'
import type { Responder } from '../../src/dataplane/announce/responder.ts'
import { SocketResponder } from '../../src/dataplane/announce/socket-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { NODE_MAC } from '../support/questions.ts'
import { ip, layCable, stationOf } from '../support/wire.ts'

/** Neighbours that nodelb did not write ask: the kernel, arping and ndisc6. */

const OURS = ['192.0.2.1', '2001:db8::1', 'fe80::1'] as unknown as readonly Address[]

const responders: Readonly<Record<string, () => Promise<Responder>>> = {
  kernel: async () => (await chooseResponder({ ownership: 'kernel', ping: true })).responder,
  socket: async () => new SocketResponder(),
}

interface Ran {
  readonly code: number
  readonly stdout: string
}

function run(command: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout })
    })
  })
}

describe.each(Object.keys(responders))('neighbours of the %s', (kind) => {
  let responder: Responder

  beforeAll(async () => {
    enterNewNetwork()
    await layCable()
    await ip('address', 'add', '192.0.2.9/24', 'dev', 'asker')
    await ip('address', 'add', 'fe80::9/64', 'dev', 'asker', 'nodad')
    responder = (await responders[kind]?.()) as Responder
    await responder.revive(600_000)
    await responder.program(
      [{ station: await stationOf('eth0'), addresses: new Set(OURS) }],
      600_000,
    )
  })
  afterAll(async () => {
    await responder.remove()
    await responder.close()
  })

  test('arping gets one answer to one question, from the right MAC address', async () => {
    const { code, stdout } = await run(
      'arping',
      '-b',
      '-c',
      '1',
      '-w',
      '5',
      '-I',
      'asker',
      '192.0.2.1',
    )
    expect(code).toBe(0)
    expect(stdout).toContain(`[${NODE_MAC.toUpperCase()}]`)
    expect(stdout).toContain('Received 1 response')
  })

  const sizes = ['56', '1400']
  test.each(sizes)('ping of %s bytes is answered by the kernel, if it is told so', async (size) => {
    for (const address of ['192.0.2.1', 'fe80::1%asker']) {
      const { code, stdout } = await run(
        'ping',
        '-c',
        '3',
        '-i',
        '0.1',
        '-W',
        '1',
        '-s',
        size,
        address,
      )
      expect([address, code]).toEqual([address, kind === 'kernel' ? 0 : 1])
      // What was received had the right checksum and identifier, or ping would not count it.
      if (kind === 'kernel') expect(stdout).toContain('3 received')
    }
    expect((await run('ping', '-c', '1', '-W', '1', '192.0.2.2')).code).toBe(1)
  })

  test('arping -D finds that the address is taken, and that another is not', async () => {
    expect((await run('arping', '-D', '-c', '1', '-w', '5', '-I', 'asker', '192.0.2.1')).code).toBe(
      1,
    )
    expect((await run('arping', '-D', '-c', '1', '-w', '1', '-I', 'asker', '192.0.2.2')).code).toBe(
      0,
    )
  })

  test('ndisc6 gets the MAC address', async () => {
    const { stdout } = await run('ndisc6', '-1', '-q', 'fe80::1', 'asker')
    expect(stdout.trim()).toBe(NODE_MAC.toUpperCase())
  })

  test.each(['0', '1'])('the kernel finds a duplicate, with enhanced_dad=%s', async (enhanced) => {
    for (const scope of ['all', 'asker']) {
      await run('sysctl', '-w', `net.ipv6.conf.${scope}.enhanced_dad=${enhanced}`)
    }
    await ip('address', 'add', '2001:db8::1/64', 'dev', 'asker')
    await shown(['-6', 'address', 'show', 'dev', 'asker'], /2001:db8::1\/64.* dadfailed/)
    await ip('address', 'delete', '2001:db8::1/64', 'dev', 'asker')
  })

  test('the kernel learns the MAC address of both families', async () => {
    for (const address of ['192.0.2.1', 'fe80::1']) {
      // The packet itself is nobody's here; what counts is whom it makes the kernel ask for.
      await run('ping', '-c', '1', '-W', '0.1', '-I', 'asker', address)
      await shown(['neigh', 'show', address, 'dev', 'asker'], new RegExp(`lladdr ${NODE_MAC}`))
    }
  })
})

/** RTNLGRP_NEIGH and RTNLGRP_IPV6_IFADDR: what the kernel learns of neighbours and addresses. */
const GROUPS = [3, 9]

/** What the kernel has not shown by then, it will not. */
const LIMIT_MS = 30_000

/**
 * Asks again after everything that the kernel announces, and every now and then, until it shows this;
 * throws with what it shows instead.
 */
async function shown(command: readonly string[], text: RegExp): Promise<void> {
  const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE, groups: GROUPS })
  const news: (() => void)[] = []
  socket.onMessage(() => {
    for (const wake of news.splice(0)) wake()
  })
  const began = performance.now()
  try {
    for (;;) {
      const next = new Promise<void>((resolve) => news.push(resolve))
      const output = await ip(...command)
      if (text.test(output)) return
      if (performance.now() - began > LIMIT_MS) throw new Error(`not ${text}: ${output}`)
      await Promise.race([next, pause(500)])
    }
  } finally {
    socket.close()
  }
}
