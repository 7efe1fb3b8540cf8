import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cut, JsonSplitter } from '../../src/watch/api/json-splitter.ts'

interface Heard {
  readonly cut: Cut
  readonly objects: unknown[]
  readonly items: unknown[]
}

/** Everything as `JSON.parse` reads it, with the bytes cut as the sizes say. */
function split(text: string, { sizes = [Number.MAX_SAFE_INTEGER], lists = true } = {}): Heard {
  const bytes = Buffer.from(text)
  const objects: unknown[] = []
  const items: unknown[] = []
  const splitter = new JsonSplitter({
    onObject(object) {
      objects.push(JSON.parse(object))
      return true
    },
    ...(lists && { onItem: (item: string) => items.push(JSON.parse(item)) }),
  })
  let cut: Cut = { kind: 'more' }
  for (let at = 0, turn = 0; at < bytes.length && cut.kind === 'more'; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    cut = splitter.take(bytes.subarray(at, at + size))
    at += size
  }
  return { cut, objects, items }
}

const value = fc.jsonValue({ maxDepth: 4 })
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
const indent = fc.constantFrom(undefined, 1, '\t', '\n  ')
/** Names and texts that look like what is searched for. */
const tricky = fc.constantFrom(
  'items',
  '"items":[',
  '\\',
  '\\"',
  'item',
  'items"',
  '[',
  '{',
  ',',
  'é',
)
const member = fc.oneof(tricky, fc.string({ unit: 'grapheme' }))
const object = fc
  .dictionary(member, fc.oneof(tricky, value))
  .filter(({ items }) => !Array.isArray(items))

describe('objects', () => {
  test('one after the other come out whole, however they are written and cut', () => {
    fc.assert(
      fc.property(
        fc.array(object),
        indent,
        sizes,
        fc.constantFrom('', '\n', ' \r\n'),
        (all, space, sizes, between) => {
          const text = all.map((each) => JSON.stringify(each, undefined, space) + between).join('')
          const { cut, objects, items } = split(text, { sizes })
          expect(cut).toEqual({ kind: 'more' })
          expect(objects).toEqual(JSON.parse(JSON.stringify(all)))
          expect(items).toEqual([])
        },
      ),
    )
  })

  test('nothing comes after the one with which it was enough', () => {
    const heard: string[] = []
    const splitter = new JsonSplitter({ onObject: (text) => heard.push(text) < 2 })
    expect(splitter.take(Buffer.from('{}{"a":1}{"b":2}'))).toEqual({ kind: 'enough' })
    expect(heard).toEqual(['{}', '{"a":1}'])
  })

  test('may have megabytes, and come in many pieces', () => {
    const text = JSON.stringify({ text: 'x'.repeat(8 << 20), more: 'ü'.repeat(1 << 20) })
    expect(split(text, { sizes: [16 << 10] }).objects).toEqual([JSON.parse(text)])
  })
})

describe('a list', () => {
  test('comes out item by item, and then without them, wherever its array stands', () => {
    fc.assert(
      fc.property(
        object,
        object,
        fc.array(value),
        indent,
        sizes,
        (before, behind, all, space, sizes) => {
          const list = { ...before, items: all, ...behind, last: 1 }
          const text = JSON.stringify(list, undefined, space)
          const { cut, objects, items } = split(text, { sizes })
          const { items: whole, ...rest } = JSON.parse(text)
          if (!Array.isArray(whole)) return
          expect(cut).toEqual({ kind: 'more' })
          expect(items).toEqual(whole)
          expect(objects).toEqual([{ ...rest, items: [] }])
        },
      ),
    )
  })

  test('is told whole where items are not asked for', () => {
    const { objects } = split('{"items":[1,[2]]}', { lists: false })
    expect(objects).toEqual([{ items: [1, [2]] }])
  })

  test('has only its own items, not those of what is in it', () => {
    const list = {
      spec: { items: [1] },
      x: [{ items: [2] }],
      items: [{ items: [3] }],
      y: ['items', [4]],
    }
    const { items, objects } = split(JSON.stringify(list))
    expect(items).toEqual([{ items: [3] }])
    expect(objects).toEqual([{ ...list, items: [] }])
  })

  test('may have null for items, as Go writes it', () => {
    expect(split('{"items":null,"a":[1]}')).toMatchObject({
      items: [],
      objects: [{ items: null, a: [1] }],
    })
  })

  test('holds one item at a time, of a bounded size', () => {
    const item = JSON.stringify('x'.repeat(900))
    const splitter = new JsonSplitter({ onObject: () => true, onItem: () => undefined }, 1_000)
    expect(splitter.take(Buffer.from('{"items":['))).toEqual({ kind: 'more' })
    for (let i = 0; i < 1_000; i++) {
      expect(splitter.take(Buffer.from(`${item},`))).toEqual({ kind: 'more' })
    }
  })

  test.each([
    ['an item', '{"items":["'],
    ['what stands beside the items', '{"items":[1],"x":"'],
    ['an object', '{"x":["'],
  ])('%s without an end is too large', (_, begin) => {
    const splitter = new JsonSplitter({ onObject: () => true, onItem: () => undefined }, 10_000)
    splitter.take(Buffer.from(begin))
    const piece = Buffer.alloc(1_000, 'x')
    for (let i = 0; i < 9; i++) expect(splitter.take(piece)).toEqual({ kind: 'more' })
    splitter.take(piece)
    expect(splitter.take(piece)).toEqual({ kind: 'too-large' })
  })
})

describe('garbage is known at once', () => {
  test.each([
    ['a page for people', '<html>'],
    ['a value that is no object', '{} [1]'],
    ['a line that ends within a text', '{"type":"MODIFIED","obj\n'],
    ['an object that begins within another', '{"type":"MOD{"type":"ADDED"'],
    ['two values side by side', '{"a":[1 2'],
    ['a separator too many', '{"a":[1,,'],
    ['an object behind a lost end', '{"a":{"b":1\n{'],
    ['a control character', '{"a":"\u0001'],
  ])('%s', (_, text) => {
    expect(split(text).cut).toEqual({ kind: 'garbage', found: expect.any(String) })
    expect(split(text, { sizes: [1] }).cut).toMatchObject({ kind: 'garbage' })
  })

  test('with what was found', () => {
    const splitter = new JsonSplitter({ onObject: () => true })
    splitter.take(Buffer.from('{}{"ty'))
    expect(splitter.take(Buffer.from('pe"\n{'))).toEqual({ kind: 'garbage', found: '{"type"\n{' })
  })

  test('any bytes are taken without an exception', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const splitter = new JsonSplitter({ onObject: () => true, onItem: () => undefined })
        for (const chunk of chunks) if (splitter.take(Buffer.from(chunk)).kind !== 'more') return
      }),
    )
    // Mostly well-formed, with something lost.
    fc.assert(
      fc.property(object, fc.nat(), fc.nat(5), (whole, at, length) => {
        const text = JSON.stringify({ items: [whole, whole] })
        const splitter = new JsonSplitter({ onObject: () => true, onItem: () => undefined })
        splitter.take(
          Buffer.from(text.slice(0, at % text.length) + text.slice((at % text.length) + length)),
        )
      }),
    )
  })
})
