import type { SessionRenderer } from '../exempt/session-renderer.ts'
import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import type { ObjectChange } from '../watch/object-change.ts'
import type { ObjectStore } from '../watch/object-store.ts'

/** Passes a change of the objects to the renderer. */
export function feed(
  renderer: SessionRenderer,
  change: ObjectChange,
  store: Pick<ObjectStore, 'isRead'>,
): void {
  switch (change.kind) {
    case 'service':
      renderer.setService(change.service)
      return
    case 'service-gone':
      renderer.removeService(change.name)
      return
    case 'slice':
      renderer.setSlice(change.slice)
      readmit(renderer, `${change.slice.namespace}/${change.slice.service}`, store)
      return
    case 'slice-gone':
      renderer.removeSlice(change.namespace, change.name)
      readmit(renderer, change.service, store)
      return
    case 'other-nodes':
      renderer.changeOtherNodes(change)
      return
    case 'node':
      return
    default:
      unreachable(change)
  }
}

/** Readmits a Service, which stayed as the kernel has it, once it can be read. */
function readmit(
  renderer: SessionRenderer,
  service: ServiceName,
  store: Pick<ObjectStore, 'isRead'>,
): void {
  if (store.isRead(service)) renderer.readmit(service)
}
