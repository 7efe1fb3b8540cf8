import { expect, test } from 'vitest'
import { renderChains } from '../../src/render/iptables/render.ts'
import { makeCluster, node, settings } from '../bench/cluster.ts'

test('all frontends of iptables are known, and those that lead somewhere are some of them', () => {
  const { services, slices } = makeCluster({
    ...{ services: 3, endpoints: 2, dualStack: false, external: false },
  })
  const [lost] = slices
  const others = slices.filter((each) => each !== lost)
  const { lowering } = renderChains({ services, slices: others }, node, settings)
  const ids = (all: Iterable<{ readonly id: string }>) => Array.from(all, ({ id }) => id)
  const [every, leading] = [ids(lowering.served().every()), ids(lowering.served().all())]
  expect(every).toHaveLength(3)
  expect(leading).toHaveLength(2)
  expect(every).toEqual(expect.arrayContaining(leading))
})
