import { arp, BROADCAST, macOption, NONCE, ndp } from './link-frames.ts'

/** What neighbours ask, and the answers that they have to get. */

export const NODE_MAC = '02:00:00:00:00:01'
const ASKER_MAC = '02:00:00:00:00:09'
const ASKER4 = '192.0.2.9'
const ASKER6 = 'fe80::9'
const NOBODY6 = '::'

interface Question {
  readonly name: string
  readonly question: Buffer
  /** Undefined if there must be none. */
  readonly answer?: Buffer
}

function arpAnswer(target: string, asker: string): Buffer {
  return arp({
    destination: ASKER_MAC,
    source: NODE_MAC,
    operation: 2,
    sender: target,
    targetMac: ASKER_MAC,
    target: asker,
  })
}

function arpQuestion(sender: string, target: string, destination: string = BROADCAST): Buffer {
  return arp({ destination, source: ASKER_MAC, operation: 1, sender, target })
}

function solicitation(target: string, source: string, option?: Buffer): Buffer {
  return ndp({ sourceMac: ASKER_MAC, source, type: 135, target, ...(option && { option }) })
}

function advertisement(target: string, to: 'asker' | 'all', hasOption: boolean): Buffer {
  return ndp({
    sourceMac: NODE_MAC,
    source: target,
    ...(to === 'asker'
      ? { destinationMac: ASKER_MAC, destination: ASKER6, flags: 0x60 }
      : { destinationMac: '33:33:00:00:00:01', destination: 'ff02::1', flags: 0x20 }),
    type: 136,
    target,
    ...(hasOption && { option: macOption(2, NODE_MAC) }),
  })
}

/** Questions for one address of each family, which are announced, and for `strangers`. */
export function questions(
  [v4, v6]: readonly [string, string],
  strangers: readonly [string, string],
): readonly Question[] {
  const own = macOption(1, ASKER_MAC)
  const nextToIt = ndp({
    sourceMac: ASKER_MAC,
    source: ASKER6,
    type: 135,
    target: v6,
    option: own,
    hops: 254,
  })
  const twoOptions = Buffer.concat([own, NONCE])
  return [
    { name: 'ARP, broadcast', question: arpQuestion(ASKER4, v4), answer: arpAnswer(v4, ASKER4) },
    {
      name: 'ARP, to the own MAC address',
      question: arpQuestion(ASKER4, v4, NODE_MAC),
      answer: arpAnswer(v4, ASKER4),
    },
    {
      name: 'ARP probe (RFC 5227)',
      question: arpQuestion('0.0.0.0', v4),
      answer: arpAnswer(v4, '0.0.0.0'),
    },
    { name: 'ARP for another address', question: arpQuestion(ASKER4, strangers[0]) },
    {
      name: 'ARP, to the MAC address of another host',
      question: arpQuestion(ASKER4, v4, '02:00:00:00:00:77'),
    },
    { name: 'gratuitous ARP of a member', question: arpQuestion(v4, v4) },
    {
      name: 'ARP reply',
      question: arp({ source: ASKER_MAC, operation: 2, sender: ASKER4, target: v4 }),
    },
    {
      name: 'solicitation with an option',
      question: solicitation(v6, ASKER6, own),
      answer: advertisement(v6, 'asker', true),
    },
    {
      name: 'solicitation without an option',
      question: solicitation(v6, ASKER6),
      answer: advertisement(v6, 'asker', false),
    },
    {
      name: 'probe without an option',
      question: solicitation(v6, NOBODY6),
      answer: advertisement(v6, 'all', false),
    },
    {
      name: 'probe with a nonce (RFC 7527)',
      question: solicitation(v6, NOBODY6, NONCE),
      answer: advertisement(v6, 'all', true),
    },
    { name: 'solicitation with two options', question: solicitation(v6, ASKER6, twoOptions) },
    { name: 'solicitation for another address', question: solicitation(strangers[1], ASKER6, own) },
    { name: 'solicitation that a router passed on', question: nextToIt },
    { name: 'solicitation from the address itself', question: solicitation(v6, v6, own) },
  ]
}
