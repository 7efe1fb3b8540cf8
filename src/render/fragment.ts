import type { IpvsFragment } from './ipvs/assembly.ts'
import type { Contribution } from './nftables/emit.ts'

/** All that one Service wants; it is rendered, compared and blamed as a whole. */
export interface Fragment {
  /** What it puts into the tables. */
  readonly elements: readonly Contribution[]
  /** What it wants of ipvs; missing with other backends. */
  readonly ipvs?: IpvsFragment
}
