import { execa } from 'execa'
import { expect, test } from 'vitest'
import { readIpvs } from '../../../src/apply/ipvs/read.ts'
import type { Address } from '../../../src/model/address.ts'
import type { IpvsOperation } from '../../../src/plan/ipvs/operation.ts'
import { commit, dummy, read, useIpvs } from './ipvs.ts'

const sockets = useIpvs()

function addresses(kind: 'add-address' | 'delete-address', ...all: string[]): IpvsOperation[] {
  return all.map((address) => ({ kind, dummy, address: address as Address }))
}

/** `10.96.0.10/32`, as ip(8) tells them. */
async function shown(): Promise<readonly string[]> {
  const { stdout } = await execa('ip', ['-json', 'address', 'show', 'dev', dummy])
  const [link] = JSON.parse(stdout) as { addr_info: { local: string; prefixlen: number }[] }[]
  return (link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`).toSorted()
}

test('a dummy interface comes with its addresses, usable at once, and goes', async () => {
  const outcome = await commit(sockets(), [
    { kind: 'add-dummy', name: dummy },
    ...addresses('add-address', '10.96.0.10', 'fd00:10:96::10', '203.0.113.7'),
  ])
  expect(outcome).toEqual({ done: 4, failures: [] })
  expect(await shown()).toEqual(['10.96.0.10/32', '203.0.113.7/32', 'fd00:10:96::10/128'])
  const { stdout } = await execa('ip', ['-6', 'route', 'show', 'table', 'local', 'dev', dummy])
  expect(stdout).toContain('local fd00:10:96::10')

  await commit(sockets(), addresses('delete-address', '10.96.0.10', 'fd00:10:96::10'))
  expect(await shown()).toEqual(['203.0.113.7/32'])
  await commit(sockets(), [{ kind: 'delete-dummy', name: dummy }])
  expect((await read(sockets())).dummy).toBe(false)
})

test('addresses of other interfaces, and networks, are not taken for ours', async () => {
  await commit(sockets(), [{ kind: 'add-dummy', name: dummy }])
  await execa('ip', ['address', 'add', '10.96.0.0/24', 'dev', dummy])
  await execa('ip', ['address', 'add', '10.96.0.9/32', 'dev', dummy])
  await execa('ip', ['address', 'add', '192.0.2.9/32', 'dev', 'lo'])
  const kernel = await read(sockets())
  await execa('ip', ['address', 'delete', '192.0.2.9/32', 'dev', 'lo'])
  expect(kernel.dummy).toBe(true)
  expect([...kernel.addresses]).toEqual(['10.96.0.9'])
})

test('what is there already, or is gone already, counts as done', async () => {
  const plan: IpvsOperation[] = [
    { kind: 'add-dummy', name: dummy },
    ...addresses('add-address', '10.96.0.10'),
  ]
  await commit(sockets(), plan)
  expect(await commit(sockets(), plan)).toEqual({ done: 2, failures: [] })
  const removal: IpvsOperation[] = [
    ...addresses('delete-address', '10.96.0.10', '10.96.0.11'),
    { kind: 'delete-dummy', name: dummy },
  ]
  expect(await commit(sockets(), removal)).toEqual({ done: 3, failures: [] })
  expect(await commit(sockets(), removal.slice(2))).toEqual({ done: 1, failures: [] })
})

test('an interface of that name that is no dummy is said, and left alone', async () => {
  await execa('ip', ['link', 'add', dummy, 'type', 'veth', 'peer', 'name', 'other-end'])
  expect(await readIpvs(sockets(), dummy)).toEqual({
    kind: 'not-a-dummy',
    name: dummy,
    found: 'veth',
  })
  const { failures } = await commit(sockets(), [
    { kind: 'add-dummy', name: dummy },
    ...addresses('add-address', '10.96.0.10'),
    { kind: 'delete-dummy', name: dummy },
  ])
  expect(new Set(failures.map(({ errno, reason }) => `${errno}: ${reason}`))).toEqual(
    new Set([
      'EEXIST: the interface kube-ipvs0 is of type veth, not dummy: ' +
        'give nodelb another name (ipvs.interface) or remove it',
    ]),
  )
  expect(failures).toHaveLength(3)
  expect(await shown()).toEqual([])
})

test('5,000 addresses of both families are added, read and removed', async () => {
  const many = Array.from({ length: 5_000 }, (_, i) =>
    i % 2 === 0 ? `10.97.${i >> 8}.${i & 255}` : `fd00:10:97::${(i + 1).toString(16)}`,
  )
  await commit(sockets(), [{ kind: 'add-dummy', name: dummy }])
  const outcome = await commit(sockets(), addresses('add-address', ...many))
  expect(outcome).toEqual({ done: 5_000, failures: [] })
  expect((await read(sockets())).addresses).toEqual(new Set(many))
  await commit(sockets(), addresses('delete-address', ...many))
  expect((await read(sockets())).addresses.size).toBe(0)
})
