import type { Occurrence } from '../events/occurrence.ts'
import type { AgentState } from './agent-state.ts'

/** Follows addresses that Services ask for and do not get, or get in place of others. */
export function followAddresses(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'address-contested':
    case 'address-refused':
      state.denied.set(`${occurrence.service} ${occurrence.address}`, occurrence)
      return
    case 'address-settled':
      state.denied.delete(`${occurrence.service} ${occurrence.address}`)
      return
    case 'more-addresses-denied':
      state.moreDenied.set(occurrence.service, occurrence.addresses)
      return
    case 'no-more-addresses-denied':
      state.moreDenied.delete(occurrence.service)
      return
    case 'ports-held':
      state.heldPorts.set(occurrence.service, occurrence.ports)
      return
    case 'ports-free':
      state.heldPorts.delete(occurrence.service)
      return
  }
}

/** Follows what is to be settled where addresses are given. */
export function followAllocation(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'allocation-problem':
      state.allocation.set(occurrence.object, occurrence.problems)
      return
    case 'allocation-in-order':
      state.allocation.delete(occurrence.object)
      return
    case 'addresses-not-saved':
      state.unsaved = `${occurrence.folder}: ${occurrence.reason}`
      return
    case 'addresses-saved':
      state.unsaved = undefined
      return
  }
}
