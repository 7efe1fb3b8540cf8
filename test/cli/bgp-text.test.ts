import { expect, test } from 'vitest'
import { bgpLines } from '../../src/cli/status/bgp-text.ts'
import type { BgpView } from '../../src/speaker/bgp/view.ts'

const VIEW: BgpView = {
  ...{ engine: 'frr', failure: null, routerId: '10.0.0.1', routes: 1 },
  ...{ peers: [], addresses: [], problems: [], notAnnounced: [] },
}

test('Services that are not announced for one reason share a line', () => {
  const silent = { peer: null, reason: 'no-local-endpoint', message: 'No endpoint is here' }
  const withheld = { peer: 'tor', reason: 'other-family', message: 'It is over IPv4' }
  const many = [1, 2, 3, 4, 5, 6].map((at) => {
    return { ...silent, service: `shop/web-${at}`, addresses: [`192.0.2.${at}`] }
  })
  const six = { ...withheld, service: 'shop/six', addresses: ['2001:db8::1'] }
  expect(bgpLines({ ...VIEW, notAnnounced: [...many, six] }).slice(2)).toEqual([
    '192.0.2.1 (shop/web-1), 192.0.2.2 (shop/web-2), 192.0.2.3 (shop/web-3), 192.0.2.4 (shop/web-4) and 2 more: to nobody: No endpoint is here',
    '2001:db8::1 (shop/six): not to tor: It is over IPv4',
  ])
})
