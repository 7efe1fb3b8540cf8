import type { Occurrence } from './events/occurrence.ts'

const LEAVING: Occurrence = {
  event: 'node-leaving',
  reason: 'it is being deleted, or bears the taint ToBeDeletedByClusterAutoscaler',
}

/** Returns what is reported when the Node begins to leave the cluster, or stays after all. */
export function leavingOccurrence(leaving: boolean): Occurrence {
  return leaving ? LEAVING : { event: 'node-staying' }
}
