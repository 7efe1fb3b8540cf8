import { describe, expect, test } from 'vitest'
import { CLUSTER_RESOURCES } from '../../src/watch/cluster-lists.ts'
import { FollowedLists } from '../../src/watch/followed-lists.ts'
import type { Resource } from '../../src/watch/resources.ts'

/** Lists of which each kind but the given ones has been listed, without any object. */
function listed(...but: readonly Resource[]): { lists: FollowedLists; changes: Resource[] } {
  const changes: Resource[] = []
  const lists = new FollowedLists((resource) => changes.push(resource))
  for (const resource of CLUSTER_RESOURCES) {
    if (!but.includes(resource)) lists.event({ kind: 'listed', resource, names: new Set() })
  }
  return { lists, changes }
}

function pod(name: string, more: object = {}): object {
  return { metadata: { namespace: 'kube-system', name, ...more } }
}

const lost = { kind: 'lost', reason: 'list: 403: forbidden', retryMs: 1000 } as const

describe('the lists of a cluster that is followed', () => {
  test('are whole when each kind that decides has been listed', () => {
    const { lists } = listed('nodes')
    expect([lists.settled(), lists.lists().isWhole]).toEqual([false, false])
    lists.event({ kind: 'listed', resource: 'nodes', names: new Set() })
    expect([lists.settled(), lists.lists().isWhole]).toEqual([true, true])
    expect(lists.lists()).toMatchObject({ troubles: [], untold: new Set() })
  })

  test('follow what comes, changes and goes, and tell of each change', () => {
    const { lists, changes } = listed()
    changes.length = 0
    const resource = 'agent-pods'
    const names = (): unknown[] => lists.lists().told.pods.map((each) => JSON.stringify(each))
    lists.event({ kind: 'object', resource, object: pod('a') })
    lists.event({ kind: 'object', resource, object: pod('b') })
    lists.event({ kind: 'object', resource, object: pod('a', { labels: {} }) })
    expect(names()).toHaveLength(2)
    lists.event({ kind: 'deleted', resource, namespace: 'kube-system', name: 'a' })
    expect(names()).toEqual([expect.stringContaining('"b"')])
    lists.event({ kind: 'listed', resource, names: new Set(['kube-system/c']) })
    expect(names()).toEqual([])
    expect(changes).toEqual([resource, resource, resource, resource, resource])
  })

  test('keep what was known where changes are not heard, and say so', () => {
    const { lists } = listed()
    lists.event({ kind: 'object', resource: 'agent-pods', object: pod('a') })
    lists.state('agent-pods', lost)
    const { told, troubles, untold } = lists.lists()
    expect([told.pods.length, untold.size]).toEqual([1, 0])
    expect(troubles).toEqual(['Pods are not read: list: 403: forbidden'])
    // The state of a list that is tried again is no news.
    lists.state('agent-pods', { kind: 'listing' })
    expect(lists.lists().troubles).toHaveLength(1)
    lists.state('agent-pods', { kind: 'following', resourceVersion: '1' })
    expect(lists.lists().troubles).toEqual([])
  })

  test('are settled, but not whole, where a kind may not be read', () => {
    const { lists } = listed('nodes', 'agent-pods')
    lists.state('nodes', lost)
    lists.state('agent-pods', lost)
    expect(lists.settled()).toBe(true)
    expect(lists.lists()).toMatchObject({ isWhole: false, untold: new Set(['pods']) })
  })

  test('do not miss a kind that the cluster does not have', () => {
    const { lists } = listed()
    lists.state('ipaddresspools', { ...lost, reason: 'list: 404' })
    expect(lists.lists()).toMatchObject({ isWhole: true, troubles: [] })
  })

  test('keep nothing of who wrote which field', () => {
    const { lists } = listed()
    const object = pod('a', { managedFields: [{ manager: 'kubectl' }], labels: { a: 'b' } })
    lists.event({ kind: 'object', resource: 'agent-pods', object })
    expect(JSON.parse(JSON.stringify(lists.lists().told.pods))).toEqual([
      pod('a', { labels: { a: 'b' } }),
    ])
  })
})
