import { valueAt } from '../decode/fields.ts'
import { type LabelSelector, selects } from '../model/label-selector.ts'
import type { DecodedObject } from './resources.ts'

/**
 * Marks the Services whose connections are not counted. Labels are not kept, so another selector asks for
 * all Services anew.
 */
export class MeteredServices {
  #selector: LabelSelector | undefined
  /** How many times another selector was taken. */
  #round = 0

  /** Without a selector all Services are counted. */
  constructor(selector?: LabelSelector) {
    this.#selector = selector
  }

  /** Takes another selector; returns whether the Services have to be read again for it. */
  select(selector: LabelSelector | undefined): boolean {
    if (JSON.stringify(selector) === JSON.stringify(this.#selector)) return false
    this.#selector = selector
    this.#round++
    return true
  }

  /** Returns what tells a version of a Service, as it was read, from others; empty if nothing does. */
  version(resourceVersion: string): string {
    const isOnlyOne = resourceVersion === '' || this.#round === 0
    return isOnlyOne ? resourceVersion : `${resourceVersion} ${this.#round}`
  }

  /** Returns the same, marked if it is a Service that is not to be counted. */
  marked(object: unknown, decoded: DecodedObject): DecodedObject {
    if (this.#selector === undefined || decoded.kind !== 'service') return decoded
    if (selects(this.#selector, labelsOf(object))) return decoded
    return { ...decoded, service: { ...decoded.service, unmetered: true } }
  }
}

function labelsOf(object: unknown): ReadonlyMap<string, string> {
  const labels = valueAt(object, ['metadata', 'labels'])
  if (typeof labels !== 'object' || labels === null) return new Map()
  return new Map(Object.entries(labels).filter(([, value]) => typeof value === 'string'))
}
