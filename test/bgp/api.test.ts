import { afterEach, expect, onTestFinished, test } from 'vitest'
import { followed } from '../../src/cli/followed.ts'
import type { RunOptions } from '../../src/cli/run-arguments.ts'
import { type Config, defaultConfig } from '../../src/config/config.ts'
import { Announcers } from '../../src/speaker/announcers.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import type { SpeakerNews } from '../../src/speaker/news.ts'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService, secret } from '../support/bgp-objects.ts'
import { Recorder } from '../support/recorder.ts'
import { isWatch, listOf, ScriptedApi } from '../support/scripted-api.ts'

type Kept = { readonly kind: string; readonly metadata: { readonly name: string } }
type News = SpeakerNews | BgpNews

const VIP = '198.51.100.10/32'
const PLURALS: Readonly<Record<string, string>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
  nodes: 'Node',
  ipaddresspools: 'IPAddressPool',
  bgppeers: 'BGPPeer',
  bgpadvertisements: 'BGPAdvertisement',
  bfdprofiles: 'BFDProfile',
  communities: 'Community',
}

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const peer = bgpPeer('tor', { passwordSecret: { name: 'tor' } })
const objects = bgpCluster(peer, advertisement('all'), bgpService('web', '198.51.100.10')) as Kept[]

/** Announces what a server has, which answers for Secrets as told. */
async function started(secrets: (name: string) => readonly [number, object]) {
  const api = await ScriptedApi.start((url, answer) => {
    const [, name] = /\/secrets\/(\S+)$/.exec(url.pathname) ?? []
    if (name !== undefined) {
      const [status, body] = secrets(name)
      answer.writeHead(status).end(JSON.stringify(body))
    } else if (isWatch(url)) answer.flushHeaders()
    else {
      const kind = PLURALS[url.pathname.split('/').at(-1) ?? '']
      const items = objects.filter((each) => each.kind === kind)
      answer.end(listOf(items))
    }
  })
  const location = api.location()
  const bgp = {
    ...defaultConfig.announce.bgp,
    enabled: true,
    frr: { sockets: lan.node.folder, shared: false },
  }
  const config: Config = { ...defaultConfig, announce: { ...defaultConfig.announce, bgp } }
  const stop = new AbortController()
  const news = new Recorder<News>()
  const options: RunOptions = {
    ...{ files: [], node: 'n1', config: undefined, scope: undefined, backend: undefined },
    ...{ kubeconfig: undefined, state: '', listen: '', metricsListen: undefined, statusSocket: '' },
    ...{ logLevel: 'info', cleanupOnExit: false },
  }
  const { source, announcing } = followed(
    { options, location, version: '', node: 'n1', config },
    () => undefined,
    stop.signal,
  )
  const announcers = new Announcers({
    ...{ ...announcing, node: 'n1', settings: { ...config.announce, classes: [] } },
    tell: (each: News) => news.add(each),
  })
  announcers.programmed()
  const through = announcers.through(source)
  const nobody = { event: () => undefined, state: () => undefined, problems: () => undefined }
  const running = Promise.all([through(nobody, stop.signal), announcers.runBgp(stop.signal)])
  onTestFinished(async () => {
    stop.abort()
    api.cut()
    await running
  })
  return { api, news, announcers }
}

async function withPassword(): Promise<void> {
  lan = await BgpLan.build()
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor 10.0.0.1 password secret', 'end'],
  )
}

test('only the Secrets that peers name are read, and the rest is announced', async () => {
  await withPassword()
  const { api } = await started(() => [200, secret('tor', 'secret')])
  await lan.until(VIP)
  const paths = api.requests.items.map(({ pathname }) => pathname)
  const asked = new Set(paths.filter((path) => path.includes('secrets')))
  expect([...asked]).toEqual(['/api/v1/namespaces/metallb-system/secrets/tor'])
})

test('a Secret that may not be read stops its peer, and says so', async () => {
  await withPassword()
  const { news } = await started(() => [403, { message: 'secrets "tor" is forbidden' }])
  const unread = await news.find(({ event }) => event === 'bgp-secrets-unread')
  expect(unread).toMatchObject({
    reason: expect.stringMatching(/^Secret metallb-system\/tor: the API server answers 403: /),
  })
  const problem = await news.find(({ event }) => event === 'bgp-problem')
  expect(problem).toMatchObject({ object: 'BGPPeer/tor' })
})

test('while the API server does not answer for a Secret, FRR keeps what it has', async () => {
  await withPassword()
  await lan.node.tell('bgpd', 'configure terminal', 'route-map nodelb-in deny 1', 'end')
  const { api, news } = await started(() => [503, {}])
  await news.find(({ event }) => event === 'bgp-secrets-unread')
  expect(news.items.map(({ event }) => event)).not.toContain('bgp-engine-ready')
  expect((await lan.node.tell('bgpd', 'show running-config'))[0]).toContain('nodelb-in')
  api.script = (url, answer) => {
    if (url.pathname.endsWith('/secrets/tor')) answer.end(JSON.stringify(secret('tor', 'secret')))
    else answer.writeHead(500).end()
  }
  await lan.until(VIP)
})
