import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differencesOf, stepsByService } from '../../src/exempt/element-diff.ts'
import { ElementRenderer } from '../../src/exempt/element-renderer.ts'
import { UNREADABLE } from '../../src/exempt/exemption.ts'
import { labelsIn } from '../../src/exempt/labels-in.ts'
import type { SessionRenderer } from '../../src/exempt/session-renderer.ts'
import { type Owner, ownerOf } from '../../src/frontend/label-text.ts'
import type { Address, Cidr } from '../../src/model/address.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { KernelRuleset } from '../../src/ruleset/nftables/types.ts'
import { change } from '../support/changes.ts'
import { holding } from '../support/kernel-model.ts'
import { names, namespace, node, settings } from '../support/random-cluster.ts'
import { shopNode, shopService, shopSettings, shopSlice } from '../support/shop.ts'

type Told = Omit<SessionRenderer, 'readmit'>

const web = ownerOf('shop/web')
const OFFICE = '203.0.113.128/25' as Cidr
const REFUSAL = { service: web, reason: 'there is no memory' }

describe('while nothing is exempt', () => {
  const OTHERS = { come: ['203.0.113.1' as Address], gone: ['192.0.2.1' as Address] }

  test('everything is told as without exemptions', () => {
    const backend = { kind: 'ipvs' as const, ...defaultIpvsSettings }
    const chosen = settings.map((each) => ({ ...each, target: 'pods' as const, backend }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 10 }), chosen, (changes, each) => {
        const plain = createRenderer(node, each)
        const inner = createRenderer(node, each)
        for (const renderer of [plain, inner]) renderer.takeChanges()
        const renderer = new ElementRenderer(inner, node, each)
        for (const make of [...changes, (to: Told) => to.changeOtherNodes(OTHERS)]) {
          for (const to of [plain, renderer]) make(to)
          const { elements, ipvs } = plain.takeChanges()
          expect(renderer.takeChanges()).toEqual({ elements, ipvs })
          expect(renderer.ruleset()).toEqual(plain.ruleset())
          expect(renderer.ipvs()).toEqual(plain.ipvs())
          expect(renderer.frame('ip6')).toEqual(plain.frame('ip6'))
          expect(told(renderer)).toEqual(told(plain))
        }
      }),
      { numRuns: 30 },
    )
  })

  function told(renderer: Told): unknown {
    const owners = names.map((name) => ownerOf(`${namespace}/${name}`))
    return [
      renderer.denials(),
      renderer.takeDenials(),
      renderer.services(),
      renderer.situation,
      owners.map((owner) => renderer.nameOf(owner)),
    ]
  }
})

test('there is no table while all that it would serve is refused', () => {
  const inner = createRenderer(shopNode, { ...shopSettings, localTraffic: { kind: 'none' } })
  inner.takeChanges()
  const renderer = new ElementRenderer(inner, shopNode, inner.situation.settings)
  renderer.setService(shopService('web'))
  renderer.setSlice(shopSlice('web', ['10.244.1.1']))
  renderer.refuse(REFUSAL, renderer.takeChanges())
  expect(inner.frame('ip')).toBeDefined()
  expect(renderer.frame('ip')).toBeUndefined()
  expect(renderer.ruleset()).toEqual({})
  renderer.readmit('shop/web')
  renderer.takeChanges()
  expect(renderer.ruleset()).toEqual(inner.ruleset())
})

test('a frame with what is refused is made once, because it is compared by identity', () => {
  const renderer = started(['10.244.1.1'])
  renderer.setSlice(shopSlice('web', ['10.244.1.1', '10.244.1.2']))
  renderer.refuse(REFUSAL, renderer.takeChanges())
  const frame = renderer.frame('ip')
  expect([...(frame?.sets.keys() ?? [])]).not.toContain('services-2')
  expect(renderer.frame('ip')).toBe(frame)
  renderer.setService(shopService('api', { loadBalancerAddresses: ['203.0.113.11' as Address] }))
  renderer.setSlice(shopSlice('api', ['10.244.1.3', '10.244.1.4', '10.244.1.5']))
  renderer.takeChanges()
  expect([...(renderer.frame('ip')?.sets.keys() ?? [])]).toContain('services-3')
})

test('the pod of a refused Service goes on reaching itself', () => {
  const renderer = started(['10.244.1.1'])
  renderer.setSlice(shopSlice('web', ['10.244.1.2']))
  const { elements } = renderer.takeChanges()
  const mine = stepsByService(elements, new Set([web]), labelsIn(elements, renderer))
  renderer.refuse(REFUSAL, { elements: mine.get(web) ?? [] })
  const { ip } = renderer.ruleset()
  expect([...(ip?.elements.get('hairpin')?.keys() ?? [])]).toContain('10.244.1.1 . 10.244.1.1')
  expect(podsOf(renderer)).toEqual(['10.244.1.1 . 8080'])
})

describe('a Service of which a part cannot be read', () => {
  const partly = shopService('web', { partial: true })

  test('stays as the tables have it until all of it can be read', () => {
    const renderer = startedOver(holding(renderWeb(['10.244.1.1']).ruleset()), ['10.244.1.2'])
    expect(podsOf(renderer)).toEqual(['10.244.1.1 . 8080'])
    renderer.setService(partly)
    renderer.setSlice(shopSlice('web', ['10.244.1.3']))
    renderer.takeChanges()
    expect(podsOf(renderer)).toEqual(['10.244.1.1 . 8080'])
    expect(renderer.refusals().size).toBe(0)
    renderer.setService(shopService('web'))
    renderer.takeChanges()
    expect(podsOf(renderer)).toEqual(['10.244.1.3 . 8080'])
  })

  test('leads where it led, whatever becomes of its endpoints, and its pods reach themselves', () => {
    const [one, two, three] = ['10.244.1.1', '10.244.1.2', '10.244.1.3']
    const renderer = startedOver(holding(renderWeb([one]).ruleset()), [two], {}, [one])
    renderer.setSlice(shopSlice('web', [two, three]))
    renderer.setSlice(shopSlice('api', [three]))
    const changed = renderer.takeChanges().elements.map(({ set, key }) => `${set} ${key}`)
    const apis = 'endpoints 203.0.113.11 . tcp . 80 . 0'
    expect(changed.sort()).toEqual([apis, `hairpin ${three} . ${three}`])
    expect(podsOf(renderer).sort()).toEqual([`${one} . 8080`, `${three} . 8080`])
    const { ip } = renderer.ruleset()
    expect([...(ip?.elements.get('hairpin')?.keys() ?? [])]).toContain(`${one} . ${one}`)
    renderer.readmit('shop/web')
    const due = renderer
      .takeChanges()
      .elements.map(({ set, key, after }) => [`${set} ${key}`, after])
    expect(due).toContainEqual([`hairpin ${one} . ${one}`, undefined])
    expect(podsOf(renderer).sort()).toEqual([two, three, three].map((pod) => `${pod} . 8080`))
  })

  test('goes on to let in who could come, while its endpoints are followed', () => {
    const guarded = (range: string): Partial<ServiceObject> => ({
      partial: true,
      sourceRanges: [range as Cidr],
    })
    const before = holding(renderWeb(['10.244.1.1'], { sourceRanges: [OFFICE] }).ruleset())
    const renderer = startedOver(before, ['10.244.1.1'], guarded('198.51.100.0/24'))
    renderer.setService(shopService('web', guarded('192.0.2.0/24')))
    expect(renderer.takeChanges().elements).toEqual([])
    renderer.setSlice(shopSlice('web', ['10.244.1.2']))
    renderer.takeChanges()
    expect(podsOf(renderer)).toEqual(['10.244.1.2 . 8080'])
    const { ip } = renderer.ruleset()
    expect(ip?.elements.get('allowed-sources')).toEqual(before.ip?.elements.get('allowed-sources'))
  })

  test('keeps an address that another Service is to get', () => {
    const tables = holding(renderWeb(['10.244.1.1']).ruleset())
    const cluster = { services: [shopService('api')], slices: [shopSlice('api', ['10.244.1.2'])] }
    const inner = renderCluster(cluster, shopNode, shopSettings)
    const renderer = over(tables, inner)
    expect(podsOf(renderer)).toEqual(['10.244.1.1 . 8080'])
    renderer.setSlice(shopSlice('api', ['10.244.1.2', '10.244.1.3']))
    renderer.takeChanges()
    expect(podsOf(renderer)).toEqual(['10.244.1.1 . 8080'])
    renderer.removeService('shop/web')
    renderer.takeChanges()
    expect(renderer.ruleset()).toEqual(inner.ruleset())
  })

  test('is tried again if the kernel refused it', () => {
    const renderer = started(['10.244.1.1'])
    renderer.setSlice(shopSlice('web', ['10.244.1.2']))
    renderer.refuse(REFUSAL, renderer.takeChanges())
    expect([...renderer.refusals().values()]).toEqual([REFUSAL])
    renderer.setService(partly)
    expect(renderer.refusals().size).toBe(0)
    renderer.takeChanges()
    expect(podsOf(renderer)).toEqual(['10.244.1.2 . 8080'])
  })
})

/** Where the Service leads. */
function podsOf(renderer: Pick<ElementRenderer, 'ruleset'>): (string | undefined)[] {
  const { ip } = renderer.ruleset()
  return [...(ip?.elements.get('endpoints')?.values() ?? [])].map(({ data }) => data)
}

function renderWeb(
  pods: readonly string[],
  special: Partial<ServiceObject> = {},
  apis: readonly string[] = [],
): ReturnType<typeof renderCluster> {
  const services = [shopService('web', special)]
  const slices = [shopSlice('web', pods)]
  if (apis.length > 0) {
    services.push(shopService('api', { loadBalancerAddresses: ['203.0.113.11' as Address] }))
    slices.push(shopSlice('api', apis))
  }
  return renderCluster({ services, slices }, shopNode, shopSettings)
}

function started(pods: readonly string[]): ElementRenderer {
  return new ElementRenderer(renderWeb(pods), shopNode, shopSettings)
}

/** Begins as a session does that finds these tables, and cannot read the Service. */
function startedOver(
  tables: KernelRuleset,
  ...rendered: Parameters<typeof renderWeb>
): ElementRenderer {
  return over(tables, renderWeb(...rendered))
}

function over(tables: KernelRuleset, inner: ReturnType<typeof renderCluster>): ElementRenderer {
  const renderer = new ElementRenderer(inner, shopNode, shopSettings)
  const differences = differencesOf(tables, inner.ruleset(), new Set<Owner>([web]))
  for (const [owner, elements] of differences) renderer.exempt(owner, { elements }, UNREADABLE)
  return renderer
}
