import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { declareHandovers } from '../support/lan-handovers.ts'
import { SettledLan } from '../support/settled-lan.ts'

let settled: SettledLan

beforeAll(async () => {
  const configuration = { backend: 'iptables' }
  settled = await SettledLan.build({ nodes: ['n1', 'n2', 'n3'], services: 6, configuration })
})
afterAll(() => settled?.remove())
beforeEach(() => settled.calm())

describe('three nodes that spread connections with iptables', () => {
  declareHandovers(() => settled)
})
