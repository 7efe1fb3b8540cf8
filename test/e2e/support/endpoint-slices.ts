const group = 'discovery.k8s.io'

/** EndpointSlice v1 for an API server that is older than it. */
export const endpointSlices: {
  readonly definitions: string
  readonly definition: object
  /** All slices of all namespaces. */
  readonly objects: string
} = {
  definitions: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  definition: {
    metadata: {
      name: `endpointslices.${group}`,
      // Names under k8s.io are protected.
      annotations: {
        'api-approved.kubernetes.io': 'unapproved, experimental-only: a stand-in for tests',
      },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        plural: 'endpointslices',
        singular: 'endpointslice',
        kind: 'EndpointSlice',
        listKind: 'EndpointSliceList',
      },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  },
  objects: `/apis/${group}/v1/endpointslices`,
}
