import { ObjectStore } from '../../src/watch/object-store.ts'
import { SeenNodes } from '../../src/watch/seen-nodes.ts'

const silent = (): undefined => undefined

/** The store of an agent, which does not tell what is wrong with the objects. */
export function silentStore(node = 'node-a'): ObjectStore<SeenNodes> {
  const listener = { read: silent, gone: silent, judged: silent, listed: silent }
  return new ObjectStore({ nodes: new SeenNodes(node, { leaving: silent }), listener })
}
