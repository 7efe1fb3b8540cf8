import type { AllocationSettings } from '../../model/allocation-settings.ts'
import { relisting } from '../relisting.ts'
import { NODE_RESOURCES, type Resource } from '../resources.ts'
import type { Source } from '../source.ts'
import { AddressGiver } from './address-giver.ts'
import type { TellAddresses } from './address-news.ts'
import { problemTeller } from './problem-teller.ts'
import type { AddressMemory } from './state-folder.ts'

interface AllocatingSourceOptions {
  /** Returns a source of objects of these kinds. */
  readonly follow: (followed: readonly Resource[]) => Source
  readonly settings: () => AllocationSettings
  /** Returns the kinds that are passed on, besides those that determine the rules of a node. */
  readonly passed?: () => readonly Resource[]
  readonly memory: AddressMemory
  readonly tell: TellAddresses
  readonly between?: (signal: AbortSignal) => Promise<void>
}

interface AllocatingSource {
  readonly source: Source
  /** Has everything listed and decided anew, after a change of the settings. */
  readonly again: () => void
}

const OF_ALLOCATION: readonly Resource[] = ['ipaddresspools', 'namespaces', 'configmaps']

/**
 * Returns a source of what determines the rules of a node, in which the Services have the addresses
 * that an allocation gives them. It is for objects that no controller writes into: those of files.
 */
export function allocatingSource(options: AllocatingSourceOptions): AllocatingSource {
  const { follow, settings, passed = () => [], memory, tell, between } = options
  const problems = problemTeller(tell)
  let again = (): void => undefined
  const source: Source = (listener, signal) => {
    const following = relisting(async (until) => {
      const shared = { listener, memory, tell, problems, ...(between && { between }) }
      // Services come last, so that nothing is missing when they are listed.
      const followed = [...new Set([...OF_ALLOCATION, ...passed(), ...NODE_RESOURCES])]
      const giver = new AddressGiver({
        ...{ ...shared, settings: settings(), followed },
        passed: [...passed(), ...NODE_RESOURCES],
      })
      await Promise.all([follow(followed)(giver.listener, until), giver.run(until)])
    }, signal)
    again = following.again
    return following.ended
  }
  return { source, again: () => again() }
}
