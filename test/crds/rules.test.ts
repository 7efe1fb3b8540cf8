import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiServer } from '../e2e/support/apiserver.ts'
import { definitions } from '../support/crds.ts'
import { eventually } from '../support/eventually.ts'
import { ExtensionServer } from './extension-server.ts'
import { type Content, type RuleCase, ruleCases } from './rules.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const crds = definitions()
let core: ApiServer
let server: ExtensionServer

beforeAll(async () => {
  core = await ApiServer.start()
  server = await ExtensionServer.start(core)
  await server.admin.create(DEFINITIONS, crds)
  for (const { kind } of ruleCases) {
    await eventually(async () => (await server.admin.ask('GET', pathOf(kind))).status === 200)
  }
})

afterAll(async () => {
  await server?.stop()
  await core?.stop()
})

/** The version in which objects of a kind are stored has all rules. */
function storedVersion(kind: string): { readonly plural: string; readonly version: string } {
  const { spec } = crds.find((each) => each.spec.names.kind === kind)
  const { name } = spec.versions.find((each: { readonly storage: boolean }) => each.storage)
  return { plural: spec.names.plural, version: name }
}

function pathOf(kind: string): string {
  const { plural, version } = storedVersion(kind)
  return `/apis/metallb.io/${version}/namespaces/default/${plural}`
}

let count = 0

/** Returns what the API server says against an object, or against a change to it; empty if nothing. */
async function objections(each: RuleCase, content: Content): Promise<readonly string[]> {
  const path = pathOf(each.kind)
  const metadata = { name: `case-${count++}` }
  const apiVersion = `metallb.io/${storedVersion(each.kind).version}`
  const object = { apiVersion, kind: each.kind, metadata, ...(each.before ?? content) }
  const created = await server.admin.ask('POST', path, object)
  if (each.before === undefined) return messagesOf(created)
  expect(messagesOf(created)).toEqual([])
  const at = `${path}/${metadata.name}`
  if (each.before.status === undefined)
    return messagesOf(await server.admin.ask('PATCH', at, content))
  // A status is written by itself.
  await server.admin.call('PATCH', `${at}/status`, { status: each.before.status })
  return messagesOf(await server.admin.ask('PATCH', `${at}/status`, content))
}

function messagesOf({ status, body }: Awaited<ReturnType<ApiServer['admin']['ask']>>) {
  if (status < 300) return []
  expect(status).toBe(422)
  const causes: readonly { readonly message: string }[] = body.details.causes
  return causes.map(({ message }) => message.replace(/^Invalid value:( \S+:)? ?/, ''))
}

test.each(crds.map(({ metadata }) => metadata.name))('%s is taken with its rules', async (name) => {
  const { spec } = await server.admin.call('GET', `${DEFINITIONS}/${name}`)
  const kept = JSON.stringify(spec).match(/x-kubernetes-validations/g) ?? []
  const written = crds.find(({ metadata }) => metadata.name === name)
  expect(kept).toHaveLength(JSON.stringify(written).match(/x-kubernetes-validations/g)?.length ?? 0)
})

test.each(ruleCases)('$kind: $message', async (each) => {
  for (const content of each.good) expect(await objections(each, content)).toEqual([])
  for (const content of each.bad) {
    expect(await objections(each, content)).toEqual([expect.stringContaining(each.message)])
  }
})
