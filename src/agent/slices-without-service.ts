import type { Problem } from '../decode/problem.ts'
import { slicesWithoutService } from '../watch/decode-endpoint-slice.ts'
import type { DecodedObject } from '../watch/decode-object.ts'

/** Slices that name no Service: other controllers make thousands, so their number is told, once. */
export class SlicesWithoutService {
  readonly #names: Set<string> = new Set()

  /** Without `decoded` the slice is gone. */
  follow(name: string, decoded?: DecodedObject): void {
    if (decoded?.kind === 'ignored' && decoded.reason === 'no-service') this.#names.add(name)
    else this.#names.delete(name)
  }

  problems(): readonly Problem[] {
    const problem = slicesWithoutService(this.#names.size, 'the list')
    return problem === undefined ? [] : [problem]
  }
}
