import { expect, test } from 'vitest'
import { Ledger } from '../../src/allocate/ledger.ts'
import { type Stock, stockUp } from '../../src/allocate/stock.ts'
import { type Territory, territoriesOf } from '../../src/allocate/territory.ts'
import type { Address } from '../../src/model/address.ts'
import { pool, service } from './worlds.ts'

const reserved = '192.0.2.12' as Address

/** A pool of two ranges, the higher one first, of which all is held or reserved. */
function exhausted(): { readonly stock: Stock; readonly territory: Territory } {
  const territories = territoriesOf([pool('all', '192.0.2.10-192.0.2.12 192.0.2.4-192.0.2.5')])
  const ledger = new Ledger()
  for (const [at, last] of [10, 11, 4, 5].entries()) {
    ledger.add(service(`s${at}`), { address: `192.0.2.${last}` as Address, pool: 'all' })
  }
  const stock = stockUp(
    { reserved: new Map([[reserved, { kind: 'node' as const, node: 'node-a' }]]) },
    territories,
    ledger,
  )
  for (const holder of [...ledger.addresses()]) {
    const [claimant] = ledger.holdersOf(holder)
    if (claimant !== undefined) ledger.remove(claimant, holder)
  }
  const [territory] = territories.all
  if (territory === undefined) throw new Error('no territory')
  return { stock, territory }
}

test('addresses that are put back are given in the order of the list, whenever they came', () => {
  const { stock, territory } = exhausted()
  expect(stock.first(territory, 'ipv4')).toBeUndefined()
  const first = ['192.0.2.5', '192.0.2.4', '192.0.2.11', '192.0.2.10'].map((address) => {
    stock.putBack(address as Address)
    return stock.first(territory, 'ipv4')
  })
  expect(first).toEqual(['192.0.2.5', '192.0.2.4', '192.0.2.11', '192.0.2.10'])
  expect(stock.first(territory, 'ipv6')).toBeUndefined()
})

test('what is reserved, or of no pool, is not given when it is put back', () => {
  const { stock, territory } = exhausted()
  for (const address of [reserved, '198.51.100.1' as Address]) stock.putBack(address)
  expect(stock.first(territory, 'ipv4')).toBeUndefined()
})
