import type * as z from 'zod'

/** How the objects of one kind are requested and identified. */
export interface ResourceRow {
  readonly apiVersion: string
  readonly kind: string
  readonly namespaced: boolean
  /** The plural name in the API. */
  readonly plural: string
  /** The label selector: only objects that match it are requested. */
  readonly labels?: string
  /** The field selector; a server that does not know the field is asked without it. */
  readonly fields?: string
  /** Returns the field selector for one Node, for kinds whose other objects a node may not need. */
  readonly ofNode?: (node: string) => string
  /** Checks the fields that identify the object. */
  readonly identity: z.ZodType
  /** True for custom resources that a cluster need not have: then it has no such objects. */
  readonly mayBeMissing?: true
}
