import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readWatchEvent } from '../../src/watch/watch-event.ts'

const metadata = { namespace: 'shop', name: 'web', resourceVersion: '7' }

test.each([
  ['ADDED', { kind: 'object', object: { metadata }, resourceVersion: '7' }],
  ['MODIFIED', { kind: 'object', object: { metadata }, resourceVersion: '7' }],
  ['DELETED', { kind: 'deleted', namespace: 'shop', name: 'web', resourceVersion: '7' }],
  ['BOOKMARK', { kind: 'bookmark', resourceVersion: '7', initialEnd: false }],
])('%s', (type, expected) => {
  expect(readWatchEvent(JSON.stringify({ type, object: { metadata } }))).toEqual(expected)
})

test('a bookmark has no name', () => {
  const object = { metadata: { resourceVersion: '7' } }
  const event = readWatchEvent(JSON.stringify({ type: 'BOOKMARK', object }))
  expect(event).toEqual({ kind: 'bookmark', resourceVersion: '7', initialEnd: false })
})

test('a bookmark may say that all is told with which the watch began', () => {
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  const object = { metadata: { resourceVersion: '7', annotations } }
  const event = readWatchEvent(JSON.stringify({ type: 'BOOKMARK', object }))
  expect(event).toEqual({ kind: 'bookmark', resourceVersion: '7', initialEnd: true })
})

test('an error is what its Status says', () => {
  const object = { kind: 'Status', code: 410, message: 'too old resource version: 1 (7)' }
  const event = readWatchEvent(JSON.stringify({ type: 'ERROR', object }))
  expect(event).toEqual({ kind: 'error', code: 410, message: 'too old resource version: 1 (7)' })
})

test.each([
  ['no JSON', '<html>'],
  ['nothing', ''],
  ['null', 'null'],
  ['no object', '{"type":"ADDED"}'],
  ['no name', '{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}}'],
  ['no version', '{"type":"ADDED","object":{"metadata":{"name":"web"}}}'],
  ['a type of its own', JSON.stringify({ type: 'MOVED', object: { metadata } })],
])('%s is garbage', (_, line) => {
  expect(readWatchEvent(line).kind).toBe('garbage')
})

test('any JSON is read without an exception', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(['garbage', 'error']).toContain(readWatchEvent(text).kind)
    }),
  )
})
