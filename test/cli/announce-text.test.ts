import { expect, test } from 'vitest'
import { announceLines } from '../../src/cli/status/announce-text.ts'
import type { AnnounceView } from '../../src/speaker/view.ts'

const view: AnnounceView = {
  responder: 'kernel',
  switchMs: 13_200,
  settled: true,
  members: [
    { node: 'n2', state: 'live', settled: true },
    { node: 'n3', state: 'dead', settled: true },
  ],
  addresses: [
    {
      address: '192.0.2.100',
      services: ['shop/web'],
      owner: 'n1',
      candidates: ['n1', 'n2'],
      here: [
        { interface: 'eth0', state: 'answers' },
        { interface: 'eth1', state: 'waits', reason: 'conflict', mac: '02:00:00:00:00:09' },
      ],
    },
    {
      address: '192.0.2.101',
      services: ['shop/api', 'shop/mail'],
      owner: 'n2',
      candidates: ['n2', 'n1'],
      here: [],
    },
    { address: '192.0.2.102', services: ['x/y'], owner: null, candidates: ['n3'], here: [] },
  ],
}

test('a status says what a node announces, what it does not and why', () => {
  expect(announceLines(view).join('\n')).toMatchInlineSnapshot(`
    "the kernel answers, for 14 s without the agent
    other agents: n2 live, n3 dead
    192.0.2.100 (shop/web): answers on eth0; does not answer on eth1: 02:00:00:00:00:09, which is no Node, has the address (order: n1, n2)
    192.0.2.101 (shop/api, shop/mail): n2 answers (order: n2, n1)
    192.0.2.102 (x/y): no live Node may answer"
  `)
})

test('each way of not answering has its words', () => {
  const here = (['held', 'refused'] as const).map(
    (reason) => ({ interface: 'eth0', state: 'waits', reason }) as const,
  )
  const others = (['asks', 'hands-over'] as const).map((state) => ({ interface: 'eth0', state }))
  const disputed = { interface: 'eth0', state: 'answers', disputedBy: '02:00:00:00:00:09' } as const
  const [address] = view.addresses
  const addresses = [...here, ...others, disputed].flatMap((spot) =>
    address === undefined ? [] : [{ ...address, candidates: ['n1'], here: [spot] }],
  )
  const shown = { ...view, responder: 'socket', settled: false, members: [], addresses } as const
  expect(announceLines(shown).join('\n')).toMatchInlineSnapshot(`
    "the agent answers, for 14 s without the agent; as a newcomer it ranks behind the others
    192.0.2.100 (shop/web): does not answer on eth0: the Node with another MAC address still does
    192.0.2.100 (shop/web): does not answer on eth0: it could not be programmed, or the network could not be asked
    192.0.2.100 (shop/web): asks on eth0 whether anybody has it
    192.0.2.100 (shop/web): answers on eth0 until the next Node does
    192.0.2.100 (shop/web): answers on eth0 (02:00:00:00:00:09, which is no Node, claims it as well)"
  `)
})
