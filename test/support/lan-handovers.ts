import { expect, test } from 'vitest'
import type { SettledLan } from './settled-lan.ts'

/** Nothing is missing, and nobody answered beside another. */
export const SEAMLESS = { unanswered: 0, lost: 0, doubles: 0 } as const

/**
 * Declares what is so with every backend: a drain and a new agent leave no gap, and who dies is followed.
 * `atHandover` is what the client may see while addresses move: where connections take long, those that are
 * open then break.
 */
export function declareHandovers(
  of: () => SettledLan,
  atHandover: object = { unanswered: 0, lost: 0 },
): void {
  test('share the addresses, and connections get to each', async () => {
    const { lan, first } = of()
    const holders = [...new Set(Object.values(first))].sort()
    expect(holders.length).toBeGreaterThan(1)
    expect(await lan.holders()).toEqual(first)
    const report = await of().reported()
    expect(report).toMatchObject(SEAMLESS)
    expect(Object.keys(report.through).sort()).toEqual(holders)
  })

  test('one that dies is followed by the next in order, and has its addresses back', async () => {
    const { lan, busiest } = of()
    await lan.cable(busiest, 'out')
    expect(await lan.agent(busiest).end('SIGKILL')).toBe('SIGKILL')
    await of().all(of().without(busiest))
    expect(await lan.report()).toMatchObject({ doubles: 0 })
    await of().freed(busiest)
    await lan.run(busiest, ['nft', 'delete table netdev nodelb-announce'])
    await lan.cable(busiest, 'in')
    await lan.start(busiest)
    await of().all(of().first)
    expect(await lan.report()).toMatchObject(atHandover)
  })

  test('one that is drained hands over, and takes back, without a gap', async () => {
    const { lan, busiest } = of()
    lan.write([busiest])
    await of().all(of().without(busiest))
    expect(await lan.report()).toMatchObject(atHandover)
    await of().freed(busiest)
    lan.write()
    await of().all(of().first)
    expect(await lan.report()).toMatchObject(atHandover)
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('%s and a new agent move nothing', async (signal) => {
    const { lan, busiest, other, first } = of()
    await lan.agent(busiest).end(signal)
    await lan.agent(other).next('member-changed', isNow(busiest, 'dead'))
    await lan.start(busiest)
    await lan.agent(other).next('member-changed', isNow(busiest, 'live'))
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(first)
  })
}

/** Whether a line of a log tells this of a node. */
function isNow(
  name: string,
  standing: string,
): (line: Readonly<Record<string, unknown>>) => boolean {
  return ({ member, state }) => member === name && state === standing
}
