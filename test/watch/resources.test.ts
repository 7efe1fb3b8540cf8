import { expect, test } from 'vitest'
import { readDocuments } from '../../src/decode/documents.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { ObjectWalk } from '../../src/watch/objects.ts'
import { NODE_RESOURCES, type Resource } from '../../src/watch/resources.ts'
import { pathOf, type Selection, selectionOf } from '../../src/watch/selection.ts'

function pathsOf(selection: Selection): readonly string[] {
  const path = decodeURIComponent(pathOf(selection, {}))
  return [path, ...(selection.instead ? pathsOf(selection.instead) : [])]
}

test('each kind is asked for as kube-proxy asks, older servers too', () => {
  const asked = NODE_RESOURCES.map((resource) => pathsOf(selectionOf(resource, { node: 'node-a' })))
  const proxy = '!service.kubernetes.io/service-proxy-name'
  expect(asked).toEqual([
    [
      `/api/v1/services?labelSelector=${proxy}&fieldSelector=spec.clusterIP!=None`,
      `/api/v1/services?labelSelector=${proxy}`,
    ],
    [
      `/apis/discovery.k8s.io/v1/endpointslices?labelSelector=!service.kubernetes.io/headless,${proxy}`,
    ],
    ['/api/v1/nodes?fieldSelector=metadata.name=node-a'],
  ])
  expect(pathsOf(selectionOf('nodes'))).toEqual(['/api/v1/nodes?'])
  expect(pathsOf(selectionOf('configmaps', { namespace: 'metallb-system' }))).toEqual([
    '/api/v1/namespaces/metallb-system/configmaps?',
  ])
})

test('of the kinds of MetalLB all are asked for, and of ConfigMaps one', () => {
  const asked = (['l2advertisements', 'excluded-interfaces'] as const).map((resource) =>
    pathsOf(selectionOf(resource, { node: 'node-a' })),
  )
  expect(asked.flat()).toEqual([
    '/apis/metallb.io/v1beta1/l2advertisements?',
    '/api/v1/configmaps?fieldSelector=metadata.name=metallb-excludel2',
    '/api/v1/configmaps?',
  ])
})

const text = `apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: v1
kind: NodeList
items: [{metadata: {name: node-a}}]
---
apiVersion: v2
kind: Node
metadata: {name: node-b}
---
kind: Node
metadata: {name: node-c}
---
apiVersion: discovery.k8s.io/v1/x
kind: EndpointSlice
metadata: {name: web-1}
`

function visited(followed: readonly Resource[]) {
  const found: Resource[] = []
  const { values } = readDocuments(text, 'x')
  const walk = new ObjectWalk('x', followed, (resource) => found.push(resource))
  for (const value of values) walk.take({ kind: 'document', value })
  return { found, problems: walk.end().map(printProblem) }
}

test('what is not followed is passed over, with the kinds that are', () => {
  const bad = [
    'x: Node node-b: apiVersion: found "v2", expected v1',
    'x: Node node-c: apiVersion: found nothing, expected an API version such as v1',
  ]
  expect(visited(['nodes'])).toEqual({
    found: ['nodes'],
    problems: [
      ...bad,
      'x: found 1 object of kind Service (v1), expected Node; passed over',
      'x: found 1 object of kind EndpointSlice (discovery.k8s.io/v1/x), expected Node; passed over',
    ],
  })
  expect(visited(NODE_RESOURCES)).toEqual({
    found: ['services', 'nodes'],
    problems: [
      ...bad,
      'x: EndpointSlice default/web-1: apiVersion: found "discovery.k8s.io/v1/x", expected discovery.k8s.io/v1',
    ],
  })
})
