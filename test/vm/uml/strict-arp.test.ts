import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { wantedOnNode } from '../../../src/apply/sysctl/ipvs-node.ts'
import { restoreSaved } from '../../../src/apply/sysctl/restore.ts'
import { setSaved } from '../../../src/apply/sysctl/saved.ts'
import type { Address } from '../../../src/model/address.ts'
import { commit, dummy, useIpvs } from './ipvs.ts'

// The guest is the node; the client is a namespace on the same link.
const sockets = useIpvs()
const file = '/run/strict-arp.json'
const vip = '203.0.113.7'
const nodeAddress = '192.0.2.1'
const clientAddress = '192.0.2.2'

function client(...command: string[]): Promise<{ stdout: string; exitCode?: number }> {
  return execa('ip', ['netns', 'exec', 'client', ...command], { reject: false })
}

/** Whether the client gets an answer to its ARP request. */
async function answers(address: string): Promise<boolean> {
  return (await client('arping', '-c', '2', '-w', '2', '-I', 'eth0', address)).exitCode === 0
}

/** The sender address in the node's ARP request for the client when it sends from the VIP. */
async function announced(): Promise<string | undefined> {
  await execa('ip', ['neighbour', 'flush', 'dev', 'to-client'])
  const capture = execa('ip', [
    ...['netns', 'exec', 'client', 'tcpdump', '-lnU', '-c', '1', '-i', 'eth0'],
    `arp[6:2] = 1 and arp dst host ${clientAddress}`,
  ])
  await new Promise<void>((resolve) => {
    capture.stderr.on('data', (text) => String(text).includes('listening on') && resolve())
  })
  await execa('ping', ['-c', '1', '-W', '1', '-I', vip, clientAddress], { reject: false })
  return /who-has \S+ tell ([^,\s]+)/.exec((await capture).stdout)?.[1]
}

beforeAll(async () => {
  const cabling = [
    'netns add client',
    'link add to-client type veth peer name eth0 netns client',
    `address add ${nodeAddress}/24 dev to-client`,
    'link set to-client up',
  ]
  await execa('ip', ['-batch', '-'], { input: cabling.join('\n') })
  await client('ip', 'address', 'add', `${clientAddress}/24`, 'dev', 'eth0')
  await client('ip', 'link', 'set', 'eth0', 'up')
})
afterAll(async () => {
  await execa('ip', ['netns', 'delete', 'client'])
})

test('a VIP on the dummy is answered for without strict ARP, not with it, again after cleanup', async () => {
  await commit(sockets(), [
    { kind: 'add-dummy', name: dummy },
    { kind: 'add-address', dummy, address: vip as Address },
  ])
  expect(await answers(vip)).toBe(true)
  expect(await announced()).toBe(vip)

  setSaved(wantedOnNode({ families: ['ipv4'], strictArp: true }), { file })
  expect(await answers(vip)).toBe(false)
  expect(await answers(nodeAddress)).toBe(true)
  expect(await announced()).toBe(nodeAddress)

  restoreSaved({ file })
  expect(await answers(vip)).toBe(true)
  expect(await announced()).toBe(vip)
})
