import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { diffCommand } from '../../src/cli/diff.ts'
import type { BackendKind } from '../../src/model/backend.ts'
import { iptables } from '../apply/iptables/namespace.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { apply, diff, run, type Said } from '../support/commands.ts'

/** `nodelb diff --against` for the backends that have another plan than nftables. */

const story = fileURLToPath(new URL('../../fixtures/stories/scale-up-and-down/', import.meta.url))

function sources(backend: BackendKind, input: string) {
  const files = [`${story}${input}-input.yaml`, `${story}node.yaml`]
  return {
    files,
    node: 'node-a',
    config: undefined,
    scope: undefined,
    backend,
    format: 'text',
  } as const
}

function against(backend: BackendKind, old: string, now: string, full = true): Promise<Said> {
  const options = { against: [`${story}${old}-input.yaml`], full }
  return run((chosen, output) => diffCommand(chosen, output, options), sources(backend, now))
}

beforeEach(() => enterNewNetwork())

test('iptables: the rules of chains, by Service', async () => {
  const said = await against('iptables', '1', '2')
  expect(said).toMatchObject({ code: 1, lines: [] })
  expect(said.out).toMatchInlineSnapshot(`
    "~ shop/web:http  203.0.113.150:80/tcp
        + endpoints 10.244.1.11:8080, 10.244.2.10:8080  1 -> 3 endpoints, each 1/3
          - iptables -t nat -A NODELB-S-6LI6VRMMCCZQOYS3 -p tcp -j DNAT --to-destination 10.244.1.10:8080
          + iptables -t nat -A NODELB-S-6LI6VRMMCCZQOYS3 -p tcp -m statistic --mode random --probability 0.33333333349 -j DNAT --to-destination 10.244.1.10:8080
          + iptables -t nat -A NODELB-S-6LI6VRMMCCZQOYS3 -p tcp -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.244.1.11:8080
          + iptables -t nat -A NODELB-S-6LI6VRMMCCZQOYS3 -p tcp -j DNAT --to-destination 10.244.2.10:8080
    shared chains
      + iptables -t nat -A NODELB-HAIRPIN -s 10.244.1.11/32 -d 10.244.1.11/32 -j MASQUERADE --random-fully
      + iptables -t filter -A NODELB-LOCAL-PODS -d 10.244.1.11/32 -j ACCEPT

    1 Service changed; 6 operations.
    "
  `)
})

test('ipvs: the destinations of virtual servers', async () => {
  const said = await against('ipvs', '1', '2')
  expect(said).toMatchObject({ code: 1, lines: [] })
  expect(said.out).toMatchInlineSnapshot(`
    "~ shop/web:http  203.0.113.150:80/tcp
        + endpoints 10.244.1.11:8080, 10.244.2.10:8080  1 -> 3 endpoints, each 1/3
          + -t 203.0.113.150:80 -r 10.244.1.11:8080 -m -w 1
          + -t 203.0.113.150:80 -r 10.244.2.10:8080 -m -w 1
    shared elements
      + element ip nodelb hairpin { 10.244.1.11 . 10.244.1.11 }

    1 Service changed; 3 operations.
    "
  `)
})

describe.each(['iptables', 'ipvs'] as const)('%s', (backend) => {
  test('the same objects make no difference', async () => {
    expect(await against(backend, '2', '2')).toMatchObject({ code: 0, out: '0 operations\n' })
  })

  test('back again is as much the other way', async () => {
    const there = await against(backend, '1', '2')
    const back = await against(backend, '2', '1')
    expect(count(back.out, '+')).toBe(count(there.out, '-'))
    expect(count(back.out, '-')).toBe(count(there.out, '+'))
  })
})

test('iptables: it is the plan of a node that holds the old objects', async () => {
  // A rule of others decides which flavour is meant.
  await iptables('nft', '-A INPUT -j ACCEPT')
  expect(await apply(sources('iptables', '1'))).toBeGreaterThan(0)
  expect((await diff(sources('iptables', '2'))).out).toBe(
    (await against('iptables', '1', '2', false)).out,
  )
})

/** An operation is indented by six below its Service, and by two else. */
const OPERATION = /^(?: {6}| {2})([+-]) \S/

function count(out: string, sign: string): number {
  return out.split('\n').filter((line) => OPERATION.exec(line)?.[1] === sign).length
}
