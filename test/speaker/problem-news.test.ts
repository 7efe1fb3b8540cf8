import { expect, test } from 'vitest'
import type { Eligibility } from '../../src/announce/eligibility.ts'
import { defaultAnnounceSettings } from '../../src/model/announce-settings.ts'
import type { SpeakerNews } from '../../src/speaker/news.ts'
import { ProblemNews } from '../../src/speaker/problem-news.ts'

const { layer2 } = defaultAnnounceSettings
const nothing: Eligibility = { addresses: [], silences: [], problems: [] }

function telling(keyFile?: string) {
  const told: SpeakerNews[] = []
  const settings = { ...layer2, enabled: true, members: { ...layer2.members, keyFile } }
  return { told, problems: new ProblemNews(settings, (news) => told.push(news)) }
}

test('what a person should settle is told once, and that it is settled', () => {
  const { told, problems } = telling('key')
  const found: Eligibility = {
    ...nothing,
    problems: [{ object: 'L2Advertisement/a', message: 'one' }],
    silences: [
      { service: 'shop/web', addresses: [], reason: { kind: 'no-advertisement', pool: 'lan' } },
      { service: 'shop/new', addresses: [], reason: { kind: 'no-address' } },
      { service: 'shop/idle', addresses: [], reason: { kind: 'no-endpoint' } },
    ],
  }
  problems.found(found, 3)
  problems.found(found, 3)
  problems.found(nothing, 3)
  expect(told).toEqual([
    { event: 'announce-problem', object: 'L2Advertisement/a', problems: ['one'] },
    {
      event: 'announce-problem',
      object: 'Service/shop/web',
      problems: ['No L2Advertisement is for IPAddressPool lan; create one that names it'],
    },
    { event: 'announce-in-order', object: 'L2Advertisement/a' },
    { event: 'announce-in-order', object: 'Service/shop/web' },
  ])
})

test('of thousands with one problem not all are told of', () => {
  const { told, problems } = telling('key')
  const silences = Array.from({ length: 1_000 }, (_, at) => {
    return {
      service: `shop/web-${at}`,
      addresses: [],
      reason: { kind: 'no-advertisement', pool: 'lan' },
    } as const
  })
  problems.found({ ...nothing, silences }, 3)
  expect(told).toHaveLength(200)
})

test('a key that is missing is told of as soon as there is a second Node', () => {
  const { told, problems } = telling()
  problems.found(nothing, 1)
  expect(told).toEqual([])
  problems.found(nothing, 2)
  expect(told).toEqual([
    {
      event: 'members-problem',
      about: 'key',
      reason: expect.stringContaining('announce.layer2.members.keyFile is not set'),
    },
  ])
  problems.found(nothing, 1)
  expect(told.at(-1)).toEqual({ event: 'members-in-order', about: 'key' })
})
