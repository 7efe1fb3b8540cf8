import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Given } from '../../../src/watch/addresses/given.ts'
import { givenText, readGiven } from '../../../src/watch/addresses/given-text.ts'
import { ipv4, ipv6 } from '../../allocate/random-worlds.ts'

const address = fc.constantFrom(...ipv4, ...ipv6)
const entry: fc.Arbitrary<Given> = fc.record({
  addresses: fc.array(
    fc.record({ address, pool: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }) }),
    { minLength: 1, maxLength: 3 },
  ),
  status: fc.array(address, { maxLength: 2 }),
  renewed: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
})
const name = fc.constantFrom('shop/web', 'shop/api', 'default/web', 'x/__proto__', 'y/constructor')
const given = fc.array(fc.tuple(name, entry), { maxLength: 5 }).map((entries) => new Map(entries))

test('what is written is what is read, in the same order', () => {
  fc.assert(
    fc.property(given, (all) => {
      const read = readGiven(givenText(all))
      expect(read).toEqual({ given: all, trouble: undefined })
      expect([...read.given.keys()]).toEqual([...all.keys()])
    }),
  )
})

test('a file that ends too early is never taken for a shorter one', () => {
  fc.assert(
    fc.property(given, fc.nat(), (all, at) => {
      const text = givenText(all).trimEnd()
      const cut = text.slice(0, at % text.length)
      expect(readGiven(cut)).toEqual({ given: new Map(), trouble: expect.any(String) })
    }),
  )
})

test('any text, and any value in any place, ends without an exception', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(readGiven(text).trouble).toEqual(expect.any(String))
    }),
  )
  fc.assert(
    fc.property(given, fc.anything(), fc.nat(4), (all, value, place) => {
      const odd = { service: 'shop/odd', addresses: [{ address: '192.0.2.9' }], status: [] }
      const [field = ''] = ['service', 'addresses', 'status', 'renewed', 'none'].slice(place)
      const json = JSON.parse(givenText(all))
      json.services.push(field === 'none' ? value : { ...odd, [field]: value })
      const read = readGiven(JSON.stringify(json))
      for (const [service, each] of all) {
        if (!read.given.has(service)) expect(read.trouble).toBeDefined()
        else if (service !== value) expect(read.given.get(service)).toEqual(each)
      }
    }),
  )
})

const web = '{"service":"shop/web","addresses":[{"address":"192.0.2.1","pool":"p"}],"status":[]}'

test.each([
  ['', 'it is no JSON, or it ends too early'],
  ['[]', 'it was not written by nodelb'],
  ['{"version":1,"services":[]}', 'it was not written by nodelb'],
  [
    '{"kind":"GivenAddresses","version":2,"addresses":{}}',
    'it is of version 2, and this nodelb reads version 1 only',
  ],
  ['{"kind":"GivenAddresses","version":1}', 'its list of services is missing'],
])('of %j nothing counts', (text, trouble) => {
  expect(readGiven(text)).toEqual({ given: new Map(), trouble })
})

test.each([
  '7',
  '{"service":"web","addresses":[{"address":"192.0.2.2"}],"status":[]}',
  '{"service":"shop/api","addresses":[{"address":"192.0.2"}],"status":[]}',
  '{"service":"shop/api","addresses":[],"status":[]}',
])('the entry %s costs no other', (bad) => {
  const text = `{"kind":"GivenAddresses","version":1,"services":[${bad},${web}]}`
  const { given: read, trouble } = readGiven(text)
  expect([...read.keys()]).toEqual(['shop/web'])
  expect(trouble).toBe('1 of its 2 entries cannot be read')
})
