import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { explainCommand } from '../../src/cli/explain/explain.ts'
import { KernelResponder } from '../../src/dataplane/announce/kernel-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { apply, run } from '../support/commands.ts'
import { NODE_MAC } from '../support/questions.ts'
import { ip, stationOf } from '../support/wire.ts'

/** What `nodelb explain` says about the table that answers on the LAN, as this kernel holds it. */

const GOLDEN = new URL('../golden/explain/', import.meta.url).pathname
const FIRST = 'announced-here'
const ADDRESS = '203.0.113.30'
const LONG = 600_000

let responder: KernelResponder

beforeAll(async () => {
  enterNewNetwork()
  await ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'eth0')
  await ip('link', 'set', 'eth0', 'address', NODE_MAC, 'up')
  await ip('link', 'set', 'asker', 'up')
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
  responder = new KernelResponder({ ownership: 'none' })
})
afterEach(async () => {
  await responder.remove()
  await responder.close()
})

const sourcesOf = (node: string, format: 'text' | 'json', config = `${FIRST}.config.yaml`) => ({
  ...{ files: [`${GOLDEN}${FIRST}.yaml`], node, config: join(GOLDEN, config) },
  ...{ scope: undefined, backend: undefined, format },
})

async function explained(node: string, format: 'text' | 'json' = 'text'): Promise<string> {
  const packet = { from: '192.0.2.2', to: `${ADDRESS}:80`, input: undefined }
  const { code, out } = await run(
    (sources, output) => explainCommand({ sources, ...packet, full: true }, output),
    sourcesOf(node, format),
  )
  expect(code).toBe(0)
  return out
}

/** The seconds that are left of the switch are replaced. */
async function lastLine(node: string): Promise<string> {
  const last = (await explained(node)).trimEnd().split('\n').at(-1) ?? ''
  return last.replace(/\bfor \d+ s\b/, 'for N s')
}

async function answer(addresses: readonly string[], milliseconds = LONG): Promise<void> {
  const announced = { station: await stationOf('eth0'), addresses: new Set(addresses as Address[]) }
  await responder.revive(milliseconds)
  expect(await responder.program([announced], milliseconds)).toMatchObject({ kind: 'programmed' })
}

const OTHERWISE =
  ' By the files it is otherwise, if all Nodes run and are settled; `nodelb status` says what is.'

test('the kernel that answers, on which interface, and for how long', async () => {
  await apply(sourcesOf('n1', 'json'))
  await answer([ADDRESS])
  const line = `The kernel here answers for ${ADDRESS} on eth0, for N s without the agent.`
  expect(await lastLine('n1')).toBe(line)
  const { announced } = JSON.parse(await explained('n1', 'json'))
  expect(announced).toMatchObject({
    node: 'n1',
    here: { node: 'n1', standing: 'first' },
    kernel: { table: true, interfaces: ['eth0'], switchMs: expect.any(Number) },
  })
})

test('one that answers although another Node comes first', async () => {
  await apply(sourcesOf('n2', 'json'))
  await answer([ADDRESS])
  const line = `The kernel here answers for ${ADDRESS} on eth0, for N s without the agent.`
  expect(await lastLine('n2')).toBe(line + OTHERWISE)
})

test('one that holds other addresses', async () => {
  await apply(sourcesOf('n2', 'json'))
  await answer(['203.0.113.31'])
  const line = `The kernel here does not answer for ${ADDRESS}: the table netdev nodelb-announce does not have it, and its switch is on for N s.`
  expect(await lastLine('n2')).toBe(line)
})

test('one from which another node has taken it', async () => {
  await apply(sourcesOf('n2', 'json'))
  await answer([ADDRESS])
  const announced = { station: await stationOf('eth0'), addresses: new Set([ADDRESS as Address]) }
  const offered = [{ offer: 7, proofs: [], addresses: announced.addresses }]
  await responder.program([announced], LONG, { offered })
  // So does the kernel when it hears the claim.
  await nft('add', 'element', 'netdev', 'nodelb-announce', 'taken', '{ 0.0.0.7 }')
  const line = `The kernel here does not answer for ${ADDRESS}: another node has just taken it over, and the agent here has not heard of that yet.`
  expect(await lastLine('n2')).toBe(line)
})

test('one whose switch is off', async () => {
  await apply(sourcesOf('n1', 'json'))
  await answer([ADDRESS])
  await nft('flush', 'set', 'netdev', 'nodelb-announce', 'alive')
  const line = `The kernel here does not answer for ${ADDRESS} on eth0: the table netdev nodelb-announce has it, and its switch is off.`
  expect(await lastLine('n1')).toBe(line + OTHERWISE)
  const { announced } = JSON.parse(await explained('n1', 'json'))
  expect(announced.kernel).toEqual({ table: true, interfaces: ['eth0'], switchMs: null })
})

test('one without the table', async () => {
  await apply(sourcesOf('n2', 'json'))
  const line =
    'The kernel here answers for no address on the LAN: there is no table netdev nodelb-announce.'
  expect(await lastLine('n2')).toBe(line)
  const { announced } = JSON.parse(await explained('n2', 'json'))
  expect(announced.kernel).toEqual({ table: false, interfaces: [], switchMs: null })
})
