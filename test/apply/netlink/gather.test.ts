import { readdirSync } from 'node:fs'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { gather } from '../../../src/apply/netlink/gather.ts'
import { GET_GENERATION, type Reply, type Request } from '../../../src/apply/netlink/message.ts'
import { NetlinkError } from '../../../src/apply/netlink/netlink-error.ts'
import { getElements } from '../../../src/apply/nftables/decode.ts'
import { type Tuple, tuple } from '../../../src/model/tuple.ts'
import { setSchema } from '../../../src/ruleset/nftables/set-schema.ts'
import { enterNewNetwork, nft } from '../nftables/namespace.ts'

const services = setSchema('ip', 'services')

beforeAll(() => enterNewNetwork())
beforeEach(() => nft('flush', 'ruleset'))

async function gathered(portions: Iterable<readonly Request[]>): Promise<number> {
  const replies: Reply[] = []
  await gather(portions, (reply) => replies.push(reply))
  return replies.length
}

const keys = (...ports: readonly number[]): readonly Tuple[] =>
  ports.map((port) => tuple('10.96.0.1', 'tcp', port))

test('each answer of all portions comes once, and what the kernel refuses has none', async () => {
  await nft('add', 'table', 'ip', 'nodelb')
  const type = '{ type ipv4_addr . inet_proto . inet_service; }'
  await nft('add', 'set', 'ip', 'nodelb', 'services', type)
  const elements = keys(1, 2, 3, 4, 5).join(', ')
  await nft('add', 'element', 'ip', 'nodelb', 'services', `{ ${elements} }`)
  const ask = (...ports: readonly number[]) => getElements('ip', 'nodelb', services, keys(...ports))
  // The kernel answers the keys of a request until one is missing.
  expect(await gathered([[ask(1, 2), ask(3)], [ask(77)], [ask(4, 78, 5)]])).toBe(4)
  expect(await gathered([])).toBe(0)
})

test('a portion that the kernel does not take ends it with an error, and no descriptor stays open', async () => {
  const before = readdirSync('/proc/self/fd').length
  const huge: Request = { ...GET_GENERATION, payload: Buffer.alloc(4 << 20) }
  await expect(gathered([[GET_GENERATION], [huge], [GET_GENERATION]])).rejects.toThrow(NetlinkError)
  await expect(gathered([[huge]])).rejects.toMatchObject({ code: 'EMSGSIZE' })
  expect(readdirSync('/proc/self/fd').length).toBe(before)
})
