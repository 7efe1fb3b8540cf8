import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRule } from '../../src/trace/iptables/parse.ts'
import type { ParsedRule } from '../../src/trace/iptables/rule.ts'
import { wordsOf } from '../../src/trace/iptables/words.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname

function strangeIn({ matches, target }: ParsedRule): readonly string[] {
  return [...matches, target].flatMap((part) => (part.kind === 'strange' ? [part.text] : []))
}

describe('rules of iptables', () => {
  test('a rule is its matches in order, and its target', () => {
    const text =
      '-d 10.96.0.10/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/web:http cluster-ip" -g NODELB-S-10.96.0.10-tcp-80'
    const address = 0x0a60000an
    expect(parseRule(text)).toEqual({
      matches: [
        {
          kind: 'destination',
          range: { family: 'ipv4', first: address, last: address },
          negated: false,
        },
        { kind: 'protocol', name: 'tcp', negated: false },
        { kind: 'ports', first: 80, last: 80, negated: false },
        { kind: 'comment', text: 'shop/web:http cluster-ip' },
      ],
      target: { kind: 'goto', chain: 'NODELB-S-10.96.0.10-tcp-80' },
    })
  })

  test('a mark of one bit, and an address of IPv6', () => {
    expect(
      parseRule('-m mark ! --mark 0x80000000/0x80000000 -j MARK --set-xmark 0x0/0x4000'),
    ).toEqual({
      matches: [{ kind: 'mark', value: 0x8000_0000, mask: 0x8000_0000, negated: true }],
      target: { kind: 'mark', value: 0, mask: 0x4000 },
    })
    expect(parseRule('-j DNAT --to-destination [fd00:10:244:1::a]:8080').target).toEqual({
      kind: 'dnat',
      address: 'fd00:10:244:1::a',
      port: 8080,
    })
  })

  test('an address alone, and a range that is no prefix', () => {
    const range = (text: string) => parseRule(text).matches[0]
    const first = 0x0a000001
    expect(range('-s 10.0.0.1')).toMatchObject({
      range: { first: BigInt(first), last: BigInt(first) },
    })
    expect(range('-m iprange --dst-range 10.0.0.1-10.0.0.3')).toMatchObject({
      kind: 'destination',
      range: { first: BigInt(first), last: BigInt(first + 2) },
    })
  })

  test('the probability that the kernel lists is one of so many', () => {
    const odds = (text: string) =>
      parseRule(`-m statistic --mode random --probability ${text}`).matches[0]
    expect(odds('0.33333333349')).toEqual({ kind: 'one-of', count: 3, negated: false })
    expect(odds('0.00099999993')).toEqual({ kind: 'one-of', count: 1000, negated: false })
    expect(odds('0.30000000005')).toMatchObject({ kind: 'one-of', count: 1 / 0.30000000005 })
    expect(odds('0.00000000000')).toMatchObject({ kind: 'strange' })
  })

  test.each([
    ['-m time --timestart 08:00 -j RETURN', '-m time --timestart 08:00'],
    ['-p tcp -m tcp --tcp-flags SYN SYN -j DROP', '-m tcp --tcp-flags SYN SYN'],
    ['-m conntrack --ctstate INVALID -j DROP', '-m conntrack --ctstate INVALID'],
    [
      '-m recent --rcheck --name X --mask 255.255.255.255 --rsource -j DROP',
      '-m recent --rcheck --name X --mask 255.255.255.255 --rsource',
    ],
    [
      '-m recent --set --name X --mask 255.255.255.0 --rsource -j DROP',
      '-m recent --set --name X --mask 255.255.255.0 --rsource',
    ],
    [
      '-m recent --update --seconds 9 --reap --name X --mask 255.255.255.0 --rsource -j DROP',
      '-m recent --update --seconds 9 --reap --name X --mask 255.255.255.0 --rsource',
    ],
    ['-s example.org -j DROP', '-s example.org'],
    ['-m iprange --src-range 10.0.0.1 -j DROP', '-m iprange --src-range 10.0.0.1'],
    ['-m iprange --dst-range 10.0.0.1-fd00::1 -j DROP', '-m iprange --dst-range 10.0.0.1-fd00::1'],
    ['-m tcp --dport http -j DROP', '-m tcp --dport http'],
    ['-m mark --mark bit14 -j DROP', '-m mark --mark bit14'],
    [
      '-j REJECT --reject-with icmp-host-prohibited',
      '-j REJECT --reject-with icmp-host-prohibited',
    ],
    ['-j DNAT --to-destination 10.0.0.1-10.0.0.9', '-j DNAT --to-destination 10.0.0.1-10.0.0.9'],
    ['-j LOG --log-prefix "a b"', '-j LOG --log-prefix a b'],
  ])('%s: what nodelb never writes is strange', (text, strange) => {
    expect(strangeIn(parseRule(text))).toEqual([strange])
  })

  test('a quoted word is one word, as iptables-save escapes it', () => {
    expect(wordsOf('-m comment --comment "it\\\'s \\"a\\" \\\\ b" -j X')).toEqual([
      '-m',
      'comment',
      '--comment',
      'it\'s "a" \\ b',
      '-j',
      'X',
    ])
  })

  test('nothing that nodelb writes is strange', () => {
    const goldens = readdirSync(FIXTURES)
      .map((name) => `${FIXTURES}${name}/expected.iptables`)
      .filter((file) => existsSync(file))
    const rules = goldens.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/^-[AI] \S+ (.*)$/gm),
    ])
    expect(rules.length).toBeGreaterThan(goldens.length)
    expect(rules.flatMap(([, rule = '']) => strangeIn(parseRule(rule)))).toEqual([])
  })
})

describe('any text can be read', () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...[
        '-s',
        '-d',
        '-p',
        '-m',
        '-i',
        '-j',
        '-g',
        '!',
        '"',
        '\\',
        '--dport',
        '--ctstate',
        '--mark',
      ],
      ...['--probability', '--set-xmark', '--to-destination', '--reject-with', 'recent', 'tcp'],
      ...['statistic', '--mode', 'random', 'conntrack', 'comment', '--comment', 'iprange', 'mark'],
      ...['--src-range', 'DNAT', 'MARK', 'REJECT', '10.0.0.1/33', '::1-::2', '0x/0x', '80:', '-1'],
    ),
    fc.string(),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
  )

  test('without an exception, and says of it what it is or that it is strange', () => {
    fc.assert(
      fc.property(text, (each) => {
        const { matches, target } = parseRule(each)
        expect(matches.length > 0 || target.kind !== 'none').toBe(wordsOf(each).length > 0)
      }),
      { numRuns: 10_000 },
    )
  })
})
